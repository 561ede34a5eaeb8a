#include "core/analysis/analysis_settings.h"

namespace ratchet::analysis {

void DeclareSettings(settings::Schema& schema, DetectorPolicy& policy) {
  schema.Number("analysis.latency_sigmas", policy.latency_sigmas, {0, 100},
                "Latency above the baseline's mean by so many standard deviations,");
  schema.Number("analysis.latency_worse", policy.latency_worse_share, {0, 100},
                "and by this share of it, is a degradation.");
  schema.Number("analysis.error_rate_increase", policy.error_rate_increase, {0, 1},
                "A rate of errors higher by so much is a spike.");
  schema.Number("analysis.throughput_drop", policy.throughput_drop_share, {0, 1},
                "Requests fewer by this share are a drop.");
  schema.Integer("analysis.exceptions_an_hour", policy.exceptions_an_hour, {0, 1'000'000},
                 "The same exception more often is a recurring one.");
  schema.Number("analysis.repeat_share_min", policy.repeat_share_min, {0, 1},
                "Calls that repeat one of the last five minutes, of all calls,");
  schema.Number("analysis.repeat_gain_min", policy.repeat_gain_share_min, {0, 1},
                "and the share of the operation's time that remembering would save.");
  schema.Number("analysis.slow_ms", policy.slow_ms, {0, 1e6},
                "An operation with a higher p95 is slow.");
  schema.Integer("analysis.requests_min", policy.requests_min, {1, 1'000'000},
                 "Fewer requests are too little data to say anything.");
}

}  // namespace ratchet::analysis
