// One function takes most of the time of a slow operation.

#include <fmt/format.h>

#include "core/analysis/call_figures.h"
#include "core/analysis/detector_list.h"

namespace ratchet::analysis {
namespace {

std::vector<Insight> Find(const AnalysisInput& input, const DetectorPolicy& policy) {
  std::vector<Insight> found;
  for (const CallShape& shape : input.shapes) {
    const auto figures = FiguresOf(shape, input, policy);
    if (!figures || !IsWorthAChange(shape, *figures, policy)) continue;
    if (IsRepeated(shape, *figures, policy)) continue;
    if (figures->time_share < policy.hot_share_min || figures->operation_p95_ms < policy.slow_ms)
      continue;
    Insight insight = InsightOf(InsightKind::kSlowOperation, shape, *figures, input);
    insight.severity = Severity::kMedium;
    insight.summary = fmt::format("{} takes {:.0f} % of the time of {} of {} (p95 {:.1f} ms)",
                                  shape.name, figures->time_share * 100, shape.operation,
                                  shape.component.value, figures->operation_p95_ms);
    found.push_back(std::move(insight));
  }
  return found;
}

// Half of what the function takes: a usual result of mending one hot spot.
Figure Gain(const Insight& insight) {
  return {EvidenceValue(insight.evidence, "operation_share_pct") / 2, Origin::kEstimated};
}

std::string Requirement(const Insight& insight) {
  return fmt::format("Make {} faster without changing its results.", insight.code.function);
}

}  // namespace

const Detector kSlowOperation{InsightKind::kSlowOperation, Find, Gain, Requirement};

}  // namespace ratchet::analysis
