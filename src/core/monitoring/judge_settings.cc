#include "core/monitoring/judge_settings.h"

namespace ratchet::monitoring {

using namespace std::chrono_literals;
using std::chrono::days;

void DeclareSettings(settings::Schema& schema, JudgePolicy& policy) {
  schema
      .Period("monitoring.duration", policy.duration, {1s, days(7)},
              "How long a deployed change is watched.")
      .From("MONITORING_DURATION_SECONDS", settings::Unit::kSeconds);
  schema.Period("monitoring.interval", policy.interval, {1s, 1h}, "Between two looks.");
  schema
      .Number("monitoring.degradation_threshold", policy.degradation_threshold, {0.001, 10},
              "A look that is worse than the baseline by more is bad.")
      .From("ROLLBACK_DEGRADATION_THRESHOLD");
  schema.Integer("monitoring.requests_min", policy.requests_min, {1, 1'000'000},
                 "A look with fewer requests says nothing.");
  schema.Integer("monitoring.bad_looks", policy.bad_looks, {1, 100},
                 "So many bad looks in a row take the change back.");
  schema.Integer("monitoring.looks_min", policy.looks_min, {2, 1000},
                 "So many looks with enough requests before a gain is believed.");
}

}  // namespace ratchet::monitoring
