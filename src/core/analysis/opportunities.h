#pragma once
// From insights to work: what to change, what it would gain, how sure that is.

#include <functional>
#include <vector>

#include "core/analysis/detectors.h"

namespace ratchet::analysis {

// Tells whether a component's root is shared by tenants, which makes every change system-wide.
using ReachOf = std::function<Reach(const ComponentId&)>;

// One opportunity an insight and root cause (tenants that share a root and see the same thing make
// one opportunity), scored and in order of priority.
std::vector<Opportunity> FindOpportunities(const AnalysisInput& input,
                                           const std::vector<Insight>& insights,
                                           const ReachOf& reach);

}  // namespace ratchet::analysis
