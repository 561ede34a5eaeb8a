#pragma once
// What the engine is told at its start. Values are checked before they get here.

#include <map>

#include "core/analysis/detectors.h"
#include "core/cycle/admission.h"
#include "core/cycle/advance.h"
#include "core/model/component.h"

namespace ratchet {

struct TenantOverrides {
  bool enabled = true;
  std::optional<int> concurrent_max;
  std::optional<double> risk_tolerance;
  std::optional<Duration> monitoring_duration;
  std::optional<Autonomy> autonomy;
};

struct ScheduleConfig {
  bool enabled = true;
  Duration start_time{2 * 3'600'000};  // of the day, UTC
  Duration interval{24 * 3'600'000};
};

struct EngineConfig {
  std::map<ComponentId, ComponentConfig> components;
  std::map<TenantId, TenantOverrides> tenants;
  cycle::ImprovementPolicy policy;
  cycle::AdmissionLimits limits;
  analysis::DetectorPolicy detectors;
  Duration analysis_current{3'600'000};        // what rates and latencies are of
  Duration analysis_baseline{7 * 86'400'000};  // and what they are compared with
  ScheduleConfig schedule;
  bool self_building = true;             // ENABLE_SELF_BUILDING
  bool autonomous_improvements = false;  // ENABLE_AUTONOMOUS_IMPROVEMENTS
  double daily_budget_usd = 5.0;
  double generation_cost_bound_usd = 0;  // the most that one generation can cost; 0 = free
  int max_improvements = 3;              // a cycle
  Duration analysis_window{24 * 3'600'000};
  Duration baseline_window{24 * 3'600'000};
  Duration inspection{300'000};           // between two looks at which version is there
  Duration retention{90LL * 86'400'000};  // of looks, insights, alerts and outcomes
  Duration telemetry_delay{5'000};        // how late telemetry may arrive and still count in a look
};

}  // namespace ratchet
