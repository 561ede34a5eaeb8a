#pragma once
// What can happen to a watch.

#include <string>
#include <variant>
#include <vector>

#include "core/cycle/effects.h"
#include "core/model/watch.h"

namespace ratchet::cycle {

struct Deployed {
  double share = 1.0;  // of the requests
};
enum class Touched { kNo, kYes };
struct DeployFailed {
  std::string reason;
  Touched touched = Touched::kNo;  // kYes: the new version was in place for a moment
};
struct Promoted {};
struct PromoteFailed {
  std::string reason;
};
// Nothing of ours was ever there: somebody released before the deployment.
struct ReleasedBefore {};
// What it was approved for is not configured any more, and it is not known yet whether it was
// deployed.
struct Withdrawn {
  std::string why;
};
struct TreeChangedByOthers {
  std::string seen_tree;
  std::vector<std::string> left;  // files that still have the watched version's content
};
struct LookTaken {
  Look look;
};
struct LookFailed {
  std::string reason;
};
struct RolledBack {};
struct RollbackFailed {
  std::string reason;
};
struct UndoRequested {
  std::string by;
};

using WatchEvent = std::variant<Deployed, DeployFailed, Promoted, PromoteFailed, ReleasedBefore,
                                Withdrawn, TreeChangedByOthers, LookTaken, LookFailed, RolledBack,
                                RollbackFailed, UndoRequested, TimerFired>;

// --- What a watch tells the improvement that it belongs to
// ------------------------------------------

struct Serving {
  double share = 1.0;
};
struct Undoing {
  EndReason reason = EndReason::kNone;
  std::string explanation;
};
struct WatchEnded {
  WatchEnd end = WatchEnd::kNeverDeployed;
  EndReason reason = EndReason::kNone;
  std::string explanation;
  VerdictReason verdict;
};
using WatchSignal = std::variant<Serving, Undoing, WatchEnded>;

}  // namespace ratchet::cycle
