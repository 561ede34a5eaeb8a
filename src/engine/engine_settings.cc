#include "engine/engine_settings.h"

#include "core/analysis/analysis_settings.h"
#include "core/cycle/cycle_settings.h"
#include "core/model/component_settings.h"

namespace ratchet {

using namespace std::chrono_literals;
using settings::Schema;
using std::chrono::days;

namespace {

void DeclareSchedule(Schema& schema, ScheduleConfig& schedule) {
  schema.Flag("cycle.scheduled", schedule.enabled, "Whether cycles run by themselves.");
  schema.Period("cycle.interval", schedule.interval, {1min, days(365)}, "Between two cycles.")
      .From("IMPROVEMENT_CYCLE_INTERVAL_HOURS", settings::Unit::kHours);
  schema
      .TimeOfDay("cycle.start_time", schedule.start_time, "When the first one of a day runs, UTC.")
      .From("IMPROVEMENT_CYCLE_START_TIME");
}

void DeclareTenant(Schema& schema, TenantOverrides& tenant) {
  schema.Flag("enabled", tenant.enabled, "Whether anything is done for it.");
  schema.Integer("max_concurrent", tenant.concurrent_max, {1, 100},
                 "Improvements at one time, of those of all.");
  schema.Number("risk_tolerance", tenant.risk_tolerance, {0, 1}, "Its `cycle.risk_max`.");
  schema.Period("monitoring_duration", tenant.monitoring_duration, {1s, days(7)},
                "Its `monitoring.duration`.");
  schema.OneOf("autonomy", tenant.autonomy, kAutonomies, "At most this.");
}

}  // namespace

void DeclareSettings(Schema& schema, EngineConfig& engine) {
  schema.Flag("self_building", engine.self_building, "Cycles at all.").From("ENABLE_SELF_BUILDING");
  schema
      .Flag("autonomous_improvements", engine.autonomous_improvements,
            "Whether autonomy `auto` is allowed.")
      .From("ENABLE_AUTONOMOUS_IMPROVEMENTS");
  schema.Period("history.retention", engine.retention, {days(1), days(3650)},
                "How long looks, insights, alerts and outcomes are kept.");
  schema.Period("telemetry.delay", engine.telemetry_delay, {0s, 1h},
                "How late telemetry may arrive and still count in a look.");
  schema.Period("analysis.current", engine.analysis_current, {10s, days(7)},
                "What rates and latencies are of,");
  schema.Period("analysis.baseline", engine.analysis_baseline, {10s, days(35)},
                "and what they are compared with (docs/analysis.md).");
  analysis::DeclareSettings(schema, engine.detectors);
  DeclareSchedule(schema, engine.schedule);
  schema.Period("cycle.analysis_window", engine.analysis_window, {10s, days(35)},
                "How far back a cycle looks.");
  schema.Integer("cycle.max_improvements", engine.max_improvements, {0, 100},
                 "Improvements that one cycle may start.");
  cycle::DeclareSettings(schema, engine.policy, engine.limits);
  schema.Period("monitoring.baseline", engine.baseline_window, {5s, days(35)},
                "What a look is compared with (docs/monitoring.md).");
  schema.Number("generation.daily_budget_usd", engine.daily_budget_usd, {0, 1e6},
                "What models may cost a day.");
  schema.Fixed("ENABLE_IMPROVEMENT_ROLLBACK", true, "what gets worse is always taken back");
  schema.Fixed("ENABLE_COMPONENT_GENERATION", false, "new components are not generated yet");
  schema.Fixed("ENABLE_CLOUDWATCH_STREAMING", false, "CloudWatch is not read yet");
  schema.Named("tenants", engine.tenants, DeclareTenant,
               "A tenant's own; never less careful than the component.");
}

}  // namespace ratchet
