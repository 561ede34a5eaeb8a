// The rule `simple`: what is known to be wrong with it is written in docs/analysis.md.

#include <fmt/format.h>

#include "core/analysis/detector_list.h"
#include "core/stats/moments.h"

namespace ratchet::analysis {
namespace {

Severity SeverityOf(double worse) {
  if (worse > 1.0) return Severity::kCritical;
  return worse > 0.5 ? Severity::kHigh : Severity::kMedium;
}

std::vector<Insight> Find(const AnalysisInput& input, const DetectorPolicy& policy) {
  std::vector<Insight> found;
  for (const OperationKey& key : input.histories.Operations()) {
    const RequestHistory& history = input.histories.Of(key);
    const Summary &current = history.current, &baseline = history.baseline;
    if (baseline.count < policy.requests_min || current.count < policy.requests_min) continue;
    const double sigma = MomentsOf(history.BucketMeans()).deviation;
    const double limit = baseline.mean() + policy.latency_sigmas * sigma;
    const double worse = baseline.mean() > 0 ? current.mean() / baseline.mean() - 1 : 0;
    if (current.mean() <= limit || worse <= policy.latency_worse_share) continue;
    Insight insight = NewInsight(InsightKind::kLatencyDegradation, input, key);
    insight.evidence = {{"latency_mean_ms", current.mean(), "ms", "current window"},
                        {"baseline_mean_ms", baseline.mean(), "ms", "before"},
                        {"baseline_sigma_ms", sigma, "ms", "of bucket means"},
                        {"limit_ms", limit, "ms",
                         fmt::format("rule simple: mean + {:g} sigma, and > {:g} % worse",
                                     policy.latency_sigmas, policy.latency_worse_share * 100)},
                        {"latency_p95_ms", current.sketch.Quantile(0.95), "ms", "current window"},
                        {"requests", static_cast<double>(current.count), "", "current window"}};
    SetBaselineConfidence(input, history, insight);
    insight.severity = SeverityOf(worse);
    insight.summary = fmt::format(
        "{} of {} takes {:.1f} ms on average, {:.0f} % more than before "
        "({:.1f} ms)",
        insight.operation, insight.component.value, current.mean(), worse * 100, baseline.mean());
    found.push_back(std::move(insight));
  }
  return found;
}

Figure Gain(const Insight& insight) {
  const double now = EvidenceValue(insight.evidence, "latency_mean_ms");
  const double before = EvidenceValue(insight.evidence, "baseline_mean_ms");
  return {now > 0 ? 100 * (now - before) / now : 0, Origin::kMeasured};
}

std::string Requirement(const Insight&) {
  return "Bring the operation back to its former latency.";
}

}  // namespace

const Detector kLatencyDegradation{InsightKind::kLatencyDegradation, Find, Gain, Requirement};

}  // namespace ratchet::analysis
