#include "core/cycle/cycle_settings.h"

#include "core/monitoring/judge_settings.h"

namespace ratchet::cycle {

using namespace std::chrono_literals;
using std::chrono::days;

void DeclareSettings(settings::Schema& schema, ImprovementPolicy& policy, AdmissionLimits& limits) {
  schema
      .Integer("cycle.max_concurrent", limits.concurrent_max, {1, 100},
               "Improvements that are worked on at one time.")
      .From("MAX_CONCURRENT_IMPROVEMENTS");
  schema
      .Number("cycle.quality_min", policy.quality_min, {0, 1},
              "A change that scores less is not deployed.")
      .From("IMPROVEMENT_QUALITY_THRESHOLD");
  schema
      .Number("cycle.risk_max", policy.risk_max, {0, 1},
              "A change that risks more needs a person's approval.")
      .From("IMPROVEMENT_RISK_TOLERANCE");
  schema.Period("cycle.approval_ttl", policy.approval_ttl, {1s, days(30)},
                "How long a change waits for a person.");
  monitoring::DeclareSettings(schema, policy.judge);
  schema.Period("monitoring.baseline_for_auto", policy.baseline_for_auto, {0s, days(35)},
                "With a shorter baseline a person must approve.");
  schema.Period("monitoring.rollback_retry", policy.rollback_retry, {100ms, 1h},
                "Between two tries to take a change back.");
}

}  // namespace ratchet::cycle
