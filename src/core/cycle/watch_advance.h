#pragma once
// The life of a watch as a pure function: (state, event, now) -> state and effects.
//
//   deploying → watching ⇄ promoting → ended (kept)
//       └──────────┴──────────┴─→ undoing → ended (taken back)
//
// The share of the requests rises step by step; only after the last step can the version be kept.
// The engine persists the result before it performs any effect. An event that does not fit the
// state is refused and changes nothing: every effect may therefore be answered twice.

#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/cycle/watch_events.h"
#include "core/model/improvement.h"

namespace ratchet::cycle {

struct WatchStep {
  Watch state;
  std::vector<Effect> effects;
  std::vector<Timer> timers_set;
  std::vector<TimerKind> timers_cleared;
  std::vector<AuditDraft> audit;
  std::vector<Alert> alerts;
  std::optional<Look> look;                     // to be stored with the watch, as looks_taken
  int look_step = 0;                            // of which step it is
  std::optional<std::string> freeze;            // the target, for this reason
  std::optional<std::string> expected_version;  // what our deed left behind
  double loss_kept = 0;  // by keeping it, in a metric not promised; < 0: undone
  std::optional<WatchSignal> signal;
};

// A watch that was just asked for: it asks for the deployment.
WatchStep OpenWatch(const Watch& watch, Instant now);

// kConflict when the event does not fit the state.
Result<WatchStep> AdvanceWatch(const Watch& state, const WatchEvent& event, Instant now);

// What must hold of every watch, whatever happened: the first rule that is broken, or "".
std::string BrokenInvariant(const Watch& watch);

// The wanted state that the watch's next deed is to bring about.
Wanted WantedBy(const Watch& watch);

}  // namespace ratchet::cycle
