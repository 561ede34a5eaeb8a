#pragma once
// What is to be put in place of what. A plan is turned the right way round once, here: a rollback
// is a plan from the new version to the old one, and nobody below asks in which direction.

#include <string>

#include "core/model/change.h"
#include "core/model/component.h"
#include "core/model/target.h"

namespace ratchet {

struct DeploymentPlan {
  ComponentConfig component;  // by whose mechanics
  Wanted wanted;
  std::string expected;  // the version that may be replaced
  Change change;         // from the expected version to the wanted one
  std::string name;      // of the deployment, the same for its rollback: what is kept is kept by it
};

}  // namespace ratchet

namespace ratchet::deployment {

// The plan that undoes `plan`, for all requests; only for changes whose files all existed before.
DeploymentPlan Reverse(const DeploymentPlan& plan);

}  // namespace ratchet::deployment
