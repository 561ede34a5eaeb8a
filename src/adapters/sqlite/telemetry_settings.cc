#include "adapters/sqlite/telemetry_settings.h"

namespace ratchet {

using namespace std::chrono_literals;
using std::chrono::days;

void DeclareSettings(settings::Schema& schema, TelemetryLimits& limits) {
  schema.Period("telemetry.resolution", limits.resolution, {1s, 60s}, "The length of a bucket.");
  schema.Period("telemetry.retention", limits.retention, {1h, days(400)}, "How long it is kept.");
  schema.Integer("telemetry.series_max", limits.series_max, {1, 10'000'000},
                 "How many series; at most half of them of components without a `[[component]]`.");
}

}  // namespace ratchet
