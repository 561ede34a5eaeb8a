#pragma once
// Putting a version of a component in place, and taking it back.
//
// Both are reconciliations: they look at what is there, act only on the difference, and may be
// repeated after a crash at any point. A tree that is neither the version before nor the one
// after belongs to somebody else and is left alone. Calls for different components may run
// concurrently; of those that write or reload, the engine never runs two for one component. Read
// may run beside any of them.

#include <string>

#include "core/model/component.h"
#include "ports/hold_check.h"

namespace ratchet {

struct DeploymentPlan {
  ImprovementId improvement;
  ComponentId component;
  Change change;
  std::string tree_before, tree_after;  // hashes
};

enum class DeployOutcome {
  kDone,             // the wanted version is in place, is served, and is healthy
  kTreeChanged,      // somebody else's version is in place; nothing was written
  kFailedUntouched,  // nothing was changed
  kFailedTouched,    // files were changed: a rollback is needed
  kHeld,             // the kill switch came first; nothing was changed
};

struct DeployResult {
  DeployOutcome outcome = DeployOutcome::kFailedUntouched;
  std::string detail;  // why, or the tree that was seen
  double share = 1.0;  // of the traffic that the new version serves
};

struct SourceFile {
  std::string path;  // relative to the component's root
  std::string text;
};

struct ComponentTree {
  std::vector<SourceFile> files;  // the component's code, by path
  std::string hash;
  Instant changed_at;  // the latest change of any of the files, or of its name
};

class Deployer {
 public:
  virtual ~Deployer() = default;

  virtual Result<ComponentTree> Read(const ComponentId& component) = 0;
  virtual DeployResult Deploy(const DeploymentPlan& plan, const HoldCheck& hold) = 0;
  // kDone, kTreeChanged, or a failure to be tried again.
  virtual DeployResult RollBack(const DeploymentPlan& plan) = 0;
  // Proves on the running component, without changing any content, that a rollback can work.
  virtual Status Rehearse(const ComponentId& component) = 0;
  virtual Health CheckHealth(const ComponentId& component) = 0;
};

}  // namespace ratchet
