#pragma once
// What can happen to an improvement.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/cycle/watch_events.h"
#include "core/model/improvement.h"

namespace ratchet::cycle {

struct Admitted {};  // a slot is free: start generating
struct Generated {
  Change change;
  std::string tree_before, tree_after;
  std::uint64_t tokens = 0;
  double cost_usd = 0;
};
enum class Repairable { kNo, kYes };
struct GenerationFailed {
  std::string reason;
  EndReason end = EndReason::kAuthorsFailed;
  Repairable repairable = Repairable::kNo;
  std::uint64_t tokens = 0;
  double cost_usd = 0;
};
struct Validated {
  ValidationReport report;
};
struct Approved {
  std::string by;
  Role role = Role::kViewer;
};
struct Rejected {
  std::string by;
  std::string why;
  EndReason end = EndReason::kRejected;
};
struct DeployAdmitted {};  // the component is free: deploy what was approved
// The component is not what the change was made for any more.
struct Outdated {
  std::string why =
      "the component changed after this change was made for it; the next cycle looks again";
};
struct BaselineMeasured {
  Baseline baseline;
};
struct BaselineFailed {
  std::string reason;
};
using ImprovementEvent = std::variant<Admitted, Generated, GenerationFailed, Validated, Approved,
                                      Rejected, DeployAdmitted, Outdated, BaselineMeasured,
                                      BaselineFailed, Serving, Undoing, WatchEnded, TimerFired>;

}  // namespace ratchet::cycle
