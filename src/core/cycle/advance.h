#pragma once
// The life of an improvement as a pure function: (state, event, now) -> state and effects.
//
//   queued → generating → validating → [awaiting_approval] → deploying → [canary] → monitoring
//     → completed | rolling_back → rolled_back; failed, rejected, expired, suggested, superseded
//
// From the deployment on it follows its watch (watch_advance.h), which deploys, looks and undoes.
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
  std::vector<CanaryStep> canary;              // before everybody gets it
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
  std::optional<Change> change;  // to be stored with the improvement
  std::optional<Watch> watch;    // to be opened; the engine adds id, fence and mechanics
  std::optional<Outcome> outcome;
};

// Errors: kConflict when the event does not fit the state, kPermissionDenied when the role may not.
Result<ImprovementStep> Advance(const Improvement& state, const ImprovementEvent& event,
                                const ImprovementPolicy& policy, Instant now);

// What must hold of every improvement, whatever happened: the first rule that is broken, or "".
std::string BrokenInvariant(const Improvement& improvement);

}  // namespace ratchet::cycle
