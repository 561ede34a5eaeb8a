#pragma once
// The life of an improvement as a pure function: (state, event, now) -> state and effects.
//
//   queued → generating → validating → [awaiting_approval] → deploying → [canary] → monitoring
//     → completed | rolling_back → rolled_back; failed, rejected, expired, suggested, superseded
//
// The engine persists the result before it performs any effect. An event that does not fit the
// state (a late answer, a second approval) is refused and changes nothing: every effect may
// therefore be answered twice.

#include "core/cycle/events.h"
#include "core/monitoring/judge.h"

namespace ratchet::cycle {

struct ImprovementPolicy {
  Autonomy autonomy = Autonomy::kSuggest;
  double quality_min = 0.85;
  double risk_max = 0.1;
  Duration approval_ttl{24 * 3'600'000};
  int rounds_max = 2;  // one generation and one repair
  monitoring::JudgePolicy judge;
  int baseline_tries_max = 20;                 // one an interval, while there are too few requests
  Duration baseline_for_auto{24 * 3'600'000};  // less needs a person's approval
  Duration canary_duration{600'000};
  int rollback_tries_before_freeze = 3;
  Duration rollback_retry{5'000};
  Duration rollback_retry_frozen{60'000};
};

struct ImprovementStep {
  Improvement state;
  std::vector<Effect> effects;
  std::vector<Timer> timers_set;
  std::vector<TimerKind> timers_cleared;
  std::vector<AuditDraft> audit;
  std::vector<Alert> alerts;
  std::optional<Change> change;                 // to be stored with the improvement
  std::optional<std::string> freeze_component;  // the reason
  std::optional<std::string> expected_tree;     // what our deed left behind
  double loss_kept = 0;  // by keeping it, in a metric not promised; < 0: undone
  std::optional<Outcome> outcome;
};

// kConflict when the event does not fit the state; kPermissionDenied when the role may not.
Result<ImprovementStep> Advance(const Improvement& state, const ImprovementEvent& event,
                                const ImprovementPolicy& policy, Instant now);

}  // namespace ratchet::cycle
