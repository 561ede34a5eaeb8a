// The same statement shape many times a request.

#include <fmt/format.h>

#include "core/analysis/call_figures.h"
#include "core/analysis/detector_list.h"

namespace ratchet::analysis {
namespace {

std::vector<Insight> Find(const AnalysisInput& input, const DetectorPolicy& policy) {
  std::vector<Insight> found;
  for (const CallShape& shape : input.shapes) {
    const auto figures = FiguresOf(shape, input, policy);
    if (!figures || shape.statement.empty()) continue;
    if (figures->per_request < policy.queries_a_request_min) continue;
    Insight insight = InsightOf(InsightKind::kRepeatedQueries, shape, *figures, input);
    insight.evidence.push_back(
        {"calls_a_request", figures->per_request, "", "of the same statement shape"});
    insight.severity = Severity::kMedium;
    insight.example = shape.statement;
    insight.summary = fmt::format("{} of {} runs the same statement {:.1f} times a request",
                                  shape.operation, shape.component.value, figures->per_request);
    found.push_back(std::move(insight));
  }
  return found;
}

Figure Gain(const Insight& insight) {
  return {EvidenceValue(insight.evidence, "operation_share_pct") * 0.8, Origin::kEstimated};
}

std::string Requirement(const Insight&) {
  return "Read with one statement what is now read with one statement a row.";
}

}  // namespace

const Detector kRepeatedQueries{InsightKind::kRepeatedQueries, Find, Gain, Requirement};

}  // namespace ratchet::analysis
