// Calls with the same arguments again and again, which take a good part of the operation's time.

#include <fmt/format.h>

#include "core/analysis/call_figures.h"
#include "core/analysis/detector_list.h"

namespace ratchet::analysis {
namespace {

std::vector<Insight> Find(const AnalysisInput& input, const DetectorPolicy& policy) {
  std::vector<Insight> found;
  for (const CallShape& shape : input.shapes) {
    const auto figures = FiguresOf(shape, input, policy);
    if (!figures || !IsRepeated(shape, *figures, policy)) continue;
    Insight insight = InsightOf(InsightKind::kRepeatedCalls, shape, *figures, input);
    insight.severity = figures->saved_share > 0.5 ? Severity::kHigh : Severity::kMedium;
    insight.summary = fmt::format(
        "{} of {} calls {} with the same arguments again and again: {:.0f} % of {} calls are "
        "repeats and take {:.0f} % of its time",
        shape.operation, shape.component.value, shape.name, figures->repeated_share * 100,
        shape.calls, figures->saved_share * 100);
    found.push_back(std::move(insight));
  }
  return found;
}

Figure Gain(const Insight& insight) {
  return {EvidenceValue(insight.evidence, "saved_pct"), Origin::kMeasured};
}

std::string Requirement(const Insight& insight) {
  return fmt::format("Avoid computing {} again for arguments that were seen before.",
                     insight.code.function);
}

}  // namespace

const Detector kRepeatedCalls{InsightKind::kRepeatedCalls, Find, Gain, Requirement};

}  // namespace ratchet::analysis
