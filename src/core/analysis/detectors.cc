#include "core/analysis/detectors.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/analysis/detector_list.h"

namespace ratchet::analysis {

Insight NewInsight(InsightKind kind, const AnalysisInput& input, const OperationKey& operation) {
  Insight insight;
  insight.cycle = input.cycle;
  insight.kind = kind;
  std::tie(insight.tenant, insight.component, insight.operation) = operation;
  insight.found_at = input.histories.windows().now;
  return insight;
}

Duration BaselineLength(const AnalysisInput& input, const RequestHistory& history) {
  return history.first ? input.histories.windows().current_from() - *history.first : Duration(0);
}

void SetBaselineConfidence(const AnalysisInput& input, const RequestHistory& history,
                           Insight& insight) {
  const double length_s = Seconds(BaselineLength(input, history));
  const double wanted_s = Seconds(input.histories.windows().baseline);
  const double share = std::min(1.0, length_s / wanted_s);
  insight.confidence = 0.5 + 0.45 * share;
  insight.evidence.push_back(
      {"baseline_hours", length_s / 3600, "h",
       share >= 0.99 ? "complete"
                     : fmt::format("{:.3g} h are wanted; confidence is {:.2f} instead of 0.95",
                                   wanted_s / 3600, insight.confidence)});
}

double EvidenceValue(const std::vector<Evidence>& evidence, std::string_view name) {
  const auto at = std::ranges::find(evidence, name, &Evidence::name);
  return at == evidence.end() ? 0 : at->value;
}

std::vector<Insight> Detect(const AnalysisInput& input, const DetectorPolicy& policy) {
  std::vector<Insight> insights;
  for (const Detector* detector : kAllDetectors)
    std::ranges::move(detector->find(input, policy), std::back_inserter(insights));
  for (size_t i = 0; i < insights.size(); ++i)
    insights[i].id = InsightId(fmt::format("{}-ins-{:03}", input.cycle.value, i + 1));
  return insights;
}

}  // namespace ratchet::analysis
