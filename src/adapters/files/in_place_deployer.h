#pragma once
// The deployer `in_place`: new content at the same place, in one atomic step.
//
// One changed file is exchanged by itself; several are exchanged with the component's whole root
// folder, or refused with the reason. The old version stays on disk as the very same inodes.

#include <map>

#include "adapters/files/root_exchange.h"
#include "adapters/files/safe_files.h"
#include "adapters/files/service_control.h"
#include "core/deployment/tree_step.h"
#include "ports/deployer.h"

namespace ratchet::files {

class InPlaceDeployer : public Deployer {
 public:
  InPlaceDeployer(const std::map<ComponentId, ComponentConfig>& components, HttpClient& http)
      : components_(components), control_(http) {}

  Result<ComponentTree> Read(const ComponentId& component) override;
  DeployResult Deploy(const DeploymentPlan& plan, const HoldCheck& hold) override;
  DeployResult RollBack(const DeploymentPlan& plan) override;
  Status Rehearse(const ComponentId& component) override;
  Health CheckHealth(const ComponentId& component) override;

 private:
  enum class Direction { kForward, kBack };
  Result<const ComponentConfig*> Find(const ComponentId& id) const;
  // kDone when the wanted content is in place; nothing was reloaded yet.
  DeployResult PutInPlace(const ComponentConfig& component, const DeploymentPlan& plan,
                          Direction direction, const HoldCheck& hold);
  static Result<bool> PutForeignFileBack(const ComponentConfig& component,
                                         const DeploymentPlan& plan, Direction direction);
  DeployResult FinishFolder(const ComponentConfig& component, const DeploymentPlan& plan,
                            Direction direction);
  static RootSwap SwapOf(const ComponentConfig& component, const DeploymentPlan& plan,
                         Direction direction);
  Result<bool> SwapAll(const ComponentConfig& component, const DeploymentPlan& plan,
                       Direction direction);
  DeployResult Serve(const ComponentConfig& component, const DeploymentPlan& plan,
                     Direction direction);

  const std::map<ComponentId, ComponentConfig>& components_;
  ServiceControl control_;
};

}  // namespace ratchet::files
