#pragma once
// Putting a version of a component in place, and taking it back.
//
// Every deed is a reconciliation: it looks at what is there, acts only on the difference, and may
// be repeated after a crash at any point. A version that is neither the expected nor the wanted
// one belongs to somebody else and is left alone. Calls for different components may run
// concurrently; of those that write or reload, the engine never runs two for one component.

#include <string>

#include "core/base/result.h"
#include "core/deployment/plan.h"
#include "core/model/monitoring.h"
#include "ports/hold_check.h"

namespace ratchet {

enum class DeployOutcome {
  kDone,             // the wanted version is in place, is served, and is healthy
  kTreeChanged,      // somebody else's version is in place; nothing was written
  kFailedUntouched,  // nothing was changed
  kFailedTouched,    // something was changed: a rollback is needed
  kHeld,             // the kill switch came first; nothing was changed
};

struct DeployResult {
  DeployOutcome outcome = DeployOutcome::kFailedUntouched;
  std::string detail;  // why, or the version that was seen
  double share = 1.0;  // of the requests that the wanted version serves now
};

class Deployer {
 public:
  virtual ~Deployer() = default;

  // Puts the wanted version in place for its share. Any outcome. `hold` is asked immediately
  // before the first change; after kFailedTouched the version before is on disk still.
  virtual DeployResult Deploy(const DeploymentPlan& plan, const HoldCheck& hold) = 0;
  // Raises the share of the version that is in place already; writes no content. kDone,
  // kTreeChanged, or kFailedTouched: some share of it serves.
  virtual DeployResult Promote(const DeploymentPlan& plan) = 0;
  // Puts the version before back, for all requests. kDone, kTreeChanged, or a failure to be tried
  // again; needs neither network beyond the component nor room on the disk.
  virtual DeployResult RollBack(const DeploymentPlan& plan) = 0;
  // Proves on the running component, without changing any content, that a rollback can work. A
  // failure says what is in the way; nothing of the rehearsal stays behind.
  virtual Status Rehearse(const ComponentConfig& component) = 0;
  // kUnknown when no health check is configured.
  virtual Health CheckHealth(const ComponentConfig& component) = 0;
};

}  // namespace ratchet
