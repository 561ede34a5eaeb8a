// Far fewer requests than in the baseline, counted from the operation's first request in it.

#include <fmt/format.h>

#include "core/analysis/detector_list.h"

namespace ratchet::analysis {
namespace {

Severity SeverityOf(double drop) {
  if (drop > 0.8) return Severity::kCritical;
  return drop > 0.5 ? Severity::kHigh : Severity::kMedium;
}

std::vector<Insight> Find(const AnalysisInput& input, const DetectorPolicy& policy) {
  std::vector<Insight> found;
  const double window_s = Seconds(input.histories.windows().current);
  for (const OperationKey& key : input.histories.Operations()) {
    const RequestHistory& history = input.histories.Of(key);
    if (history.baseline.count < policy.requests_min) continue;
    const double baseline_s = Seconds(BaselineLength(input, history));
    if (baseline_s <= 0) continue;
    const double before = static_cast<double>(history.baseline.count) / baseline_s;
    // So few requests are to be expected that their absence says nothing.
    if (before * window_s < static_cast<double>(policy.requests_min)) continue;
    const double now = static_cast<double>(history.current.count) / window_s;
    const double drop = 1 - now / before;
    if (drop <= policy.throughput_drop_share) continue;
    Insight insight = NewInsight(InsightKind::kThroughputDrop, input, key);
    insight.evidence = {{"throughput", now, "1/s", "current window"},
                        {"baseline_throughput", before, "1/s", "before"},
                        {"drop_pct", drop * 100, "%",
                         fmt::format("limit {:g} %", policy.throughput_drop_share * 100)}};
    SetBaselineConfidence(input, history, insight);
    insight.confidence *= 0.8;  // users also just go home
    insight.severity = SeverityOf(drop);
    insight.summary = fmt::format("{} of {} serves {:.2f} requests/s, {:.0f} % fewer than before",
                                  insight.operation, insight.component.value, now, drop * 100);
    found.push_back(std::move(insight));
  }
  return found;
}

Figure Gain(const Insight& insight) {
  return {EvidenceValue(insight.evidence, "drop_pct"), Origin::kMeasured};
}

std::string Requirement(const Insight&) {
  return "Remove what holds the operation's throughput back.";
}

}  // namespace

const Detector kThroughputDrop{InsightKind::kThroughputDrop, Find, Gain, Requirement};

}  // namespace ratchet::analysis
