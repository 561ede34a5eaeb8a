#pragma once
// The impact assessment of an improvement and the report of a cycle, with the keys of DESIGN
// section 2, phase 6. Both are derived from the state at any time; a cycle's report is issued anew
// when a watch ends.

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "core/model/improvement.h"

namespace ratchet::reporting {

// "completed", "rolled_back", ..., metrics {baseline, final, improvement}, cost.
nlohmann::json Assessment(const Improvement& improvement);

// The metrics after the deployment: all looks together, weighted by requests.
ServiceMetrics FinalMetrics(const Improvement& improvement);

nlohmann::json CycleReport(const Cycle& cycle, const std::vector<Improvement>& improvements,
                           Instant now);

}  // namespace ratchet::reporting
