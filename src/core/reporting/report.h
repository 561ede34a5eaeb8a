#pragma once
// The impact assessment of an improvement and the report of a cycle, with the keys that
// programs may rely on. Both are derived from the state at any time; a cycle's report is issued
// anew when a watch ends.

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "core/model/improvement.h"
#include "core/model/watch.h"

namespace ratchet::reporting {

// "completed", "rolled_back", ..., metrics {baseline, final, improvement}, cost.
// `watch` of its deployment, with all looks; without one nothing was deployed.
nlohmann::json Assessment(const Improvement& improvement, const std::optional<Watch>& watch);

// The metrics after the deployment: all looks together, weighted by requests.
ServiceMetrics FinalMetrics(const std::vector<Look>& looks);

struct Assessed {
  Improvement improvement;
  std::optional<Watch> watch;
};
nlohmann::json CycleReport(const Cycle& cycle, const std::vector<Assessed>& improvements,
                           Instant now);

}  // namespace ratchet::reporting
