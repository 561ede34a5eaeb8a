// The share of failing requests rose by more than so many percentage points.

#include <fmt/format.h>

#include "core/analysis/detector_list.h"

namespace ratchet::analysis {
namespace {

double ErrorRate(const Summary& summary) {
  return static_cast<double>(summary.errors) / static_cast<double>(summary.count);
}

std::vector<Insight> Find(const AnalysisInput& input, const DetectorPolicy& policy) {
  std::vector<Insight> found;
  for (const OperationKey& key : input.histories.Operations()) {
    const RequestHistory& history = input.histories.Of(key);
    const Summary &current = history.current, &baseline = history.baseline;
    if (baseline.count < policy.requests_min || current.count < policy.requests_min) continue;
    const double now = ErrorRate(current), before = ErrorRate(baseline);
    if (now - before <= policy.error_rate_increase) continue;
    Insight insight = NewInsight(InsightKind::kErrorRateSpike, input, key);
    insight.evidence = {{"error_rate", now, "", "current window"},
                        {"baseline_error_rate", before, "", "before"},
                        {"errors", static_cast<double>(current.errors), "", "current window"},
                        {"requests", static_cast<double>(current.count), "", "current window"}};
    SetBaselineConfidence(input, history, insight);
    insight.severity = now > 0.5 ? Severity::kCritical : Severity::kHigh;
    insight.summary = fmt::format("{:.1f} % of {} of {} fail, before {:.1f} %", now * 100,
                                  insight.operation, insight.component.value, before * 100);
    found.push_back(std::move(insight));
  }
  return found;
}

Figure Gain(const Insight& insight) {
  return {100 * (EvidenceValue(insight.evidence, "error_rate") -
                 EvidenceValue(insight.evidence, "baseline_error_rate")),
          Origin::kMeasured};
}

std::string Requirement(const Insight&) { return "Remove the cause of the failing requests."; }

}  // namespace

const Detector kErrorRateSpike{InsightKind::kErrorRateSpike, Find, Gain, Requirement};

}  // namespace ratchet::analysis
