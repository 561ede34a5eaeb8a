#pragma once
// The deployer `in_place`: new content at the same place, in one atomic step.
//
// One changed file is exchanged by itself; several are exchanged with the component's whole root
// folder, or refused with the reason. The old version stays on disk as the very same inodes.

#include "adapters/files/root_exchange.h"
#include "adapters/files/safe_files.h"
#include "adapters/files/service_control.h"
#include "core/deployment/tree_step.h"
#include "ports/deployer.h"
#include "ports/source_tree.h"

namespace ratchet::files {

class FileSourceTree : public SourceTree {
 public:
  Result<ComponentTree> Read(const ComponentConfig& component) override;
};

class InPlaceDeployer : public Deployer {
 public:
  explicit InPlaceDeployer(HttpClient& http) : control_(http) {}

  DeployResult Deploy(const DeploymentPlan& plan, const HoldCheck& hold) override;
  // Nothing to do: in place, a version serves everybody.
  DeployResult Promote(const DeploymentPlan& plan) override;
  DeployResult RollBack(const DeploymentPlan& plan) override;
  Status Rehearse(const ComponentConfig& component) override;
  Health CheckHealth(const ComponentConfig& component) override;

 private:
  // kDone when the wanted content is in place; nothing was reloaded yet.
  DeployResult PutInPlace(const DeploymentPlan& plan, SwapPurpose purpose, const HoldCheck& hold);
  DeployResult Serve(const DeploymentPlan& plan, Proof proof);

  FileSourceTree tree_;
  ServiceControl control_;
};

}  // namespace ratchet::files
