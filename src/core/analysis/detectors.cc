#include "core/analysis/detectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/stats/moments.h"

namespace ratchet::analysis {
namespace {

class Detector {
 public:
  Detector(const AnalysisInput& input, const DetectorPolicy& policy)
      : input_(input), windows_(input.histories.windows()), policy_(policy) {}

  std::vector<Insight> Run() {
    for (const OperationKey& key : input_.histories.Operations()) Operation(key);
    for (const ErrorCluster& cluster : input_.clusters) Exceptions(cluster);
    for (const CallShape& shape : input_.shapes)
      Calls(shape, input_.histories.Of({shape.tenant, shape.component, shape.operation}).calls);
    return std::move(insights_);
  }

 private:
  Insight& Add(InsightKind kind, const TenantId& tenant, const ComponentId& component,
               const std::string& operation) {
    Insight insight;
    insight.id = InsightId(fmt::format("{}-ins-{:03}", input_.cycle.value, insights_.size() + 1));
    insight.cycle = input_.cycle;
    insight.kind = kind;
    insight.tenant = tenant;
    insight.component = component;
    insight.operation = operation;
    insight.found_at = windows_.now;
    insights_.push_back(std::move(insight));
    return insights_.back();
  }

  // From the operation's first request on: hours without any count, too.
  [[nodiscard]] Duration BaselineLength(const RequestHistory& history) const {
    return history.first ? windows_.current_from() - *history.first : Duration(0);
  }

  // A baseline shorter than asked for lowers confidence in proportion, and is said.
  double BaselineConfidence(const RequestHistory& history, Insight* insight) const {
    const double share =
        std::min(1.0, Seconds(BaselineLength(history)) / Seconds(windows_.baseline));
    const double confidence = 0.5 + 0.45 * share;
    if (insight != nullptr) {
      insight->evidence.push_back(
          {"baseline_hours", Seconds(BaselineLength(history)) / 3600, "h",
           share >= 0.99 ? "complete"
                         : fmt::format("{:.3g} h are wanted; confidence is {:.2f} instead of 0.95",
                                       Seconds(windows_.baseline) / 3600, confidence)});
    }
    return confidence;
  }

  void Operation(const OperationKey& key) {
    const RequestHistory& history = input_.histories.Of(key);
    if (history.baseline.count < policy_.requests_min) return;  // insufficient data
    ThroughputDrop(key, history);
    if (history.current.count < policy_.requests_min) return;
    LatencyDegradation(key, history);
    ErrorSpike(key, history);
  }

  void LatencyDegradation(const OperationKey& key, const RequestHistory& history) {
    const Summary &current = history.current, &baseline = history.baseline;
    const double sigma = MomentsOf(history.BucketMeans()).deviation;
    const double limit = baseline.mean() + policy_.latency_sigmas * sigma;
    const double worse = baseline.mean() > 0 ? current.mean() / baseline.mean() - 1 : 0;
    if (current.mean() <= limit || worse <= policy_.latency_worse_share) return;
    Insight& insight =
        Add(InsightKind::kLatencyDegradation, std::get<0>(key), std::get<1>(key), std::get<2>(key));
    insight.evidence = {{"latency_mean_ms", current.mean(), "ms", "current window"},
                        {"baseline_mean_ms", baseline.mean(), "ms", "before"},
                        {"baseline_sigma_ms", sigma, "ms", "of bucket means"},
                        {"limit_ms", limit, "ms", "rule simple: mean + 2 sigma, and > 20 % worse"},
                        {"latency_p95_ms", current.sketch.Quantile(0.95), "ms", "current window"},
                        {"requests", static_cast<double>(current.count), "", "current window"}};
    insight.confidence = BaselineConfidence(history, &insight);
    insight.severity = worse > 1.0   ? Severity::kCritical
                       : worse > 0.5 ? Severity::kHigh
                                     : Severity::kMedium;
    insight.summary = fmt::format(
        "{} of {} takes {:.1f} ms on average, {:.0f} % more than before "
        "({:.1f} ms)",
        insight.operation, insight.component.value, current.mean(), worse * 100, baseline.mean());
  }

  void ThroughputDrop(const OperationKey& key, const RequestHistory& history) {
    const Summary &current = history.current, &baseline = history.baseline;
    const double baseline_s = Seconds(BaselineLength(history));
    if (baseline_s <= 0) return;
    const double before = static_cast<double>(baseline.count) / baseline_s;
    // So few requests are to be expected that their absence says nothing.
    if (before * Seconds(windows_.current) < static_cast<double>(policy_.requests_min)) return;
    const double now = static_cast<double>(current.count) / Seconds(windows_.current);
    const double drop = 1 - now / before;
    if (drop <= policy_.throughput_drop_share) return;
    Insight& insight =
        Add(InsightKind::kThroughputDrop, std::get<0>(key), std::get<1>(key), std::get<2>(key));
    insight.evidence = {{"throughput", now, "1/s", "current window"},
                        {"baseline_throughput", before, "1/s", "before"},
                        {"drop_pct", drop * 100, "%", "limit 30 %"}};
    insight.confidence = BaselineConfidence(history, &insight) * 0.8;  // users also just go home
    insight.severity = drop > 0.8   ? Severity::kCritical
                       : drop > 0.5 ? Severity::kHigh
                                    : Severity::kMedium;
    insight.summary = fmt::format("{} of {} serves {:.2f} requests/s, {:.0f} % fewer than before",
                                  insight.operation, insight.component.value, now, drop * 100);
  }

  void ErrorSpike(const OperationKey& key, const RequestHistory& history) {
    const Summary &current = history.current, &baseline = history.baseline;
    const double now = static_cast<double>(current.errors) / static_cast<double>(current.count);
    const double before =
        static_cast<double>(baseline.errors) / static_cast<double>(baseline.count);
    if (now - before <= policy_.error_rate_increase) return;
    Insight& insight =
        Add(InsightKind::kErrorRateSpike, std::get<0>(key), std::get<1>(key), std::get<2>(key));
    insight.evidence = {{"error_rate", now, "", "current window"},
                        {"baseline_error_rate", before, "", "before"},
                        {"errors", static_cast<double>(current.errors), "", "current window"},
                        {"requests", static_cast<double>(current.count), "", "current window"}};
    insight.confidence = BaselineConfidence(history, &insight);
    insight.severity = now > 0.5 ? Severity::kCritical : Severity::kHigh;
    insight.summary = fmt::format("{:.1f} % of {} of {} fail, before {:.1f} %", now * 100,
                                  insight.operation, insight.component.value, before * 100);
  }

  void Exceptions(const ErrorCluster& cluster) {
    if (windows_.now - cluster.last_seen > policy_.exception_seen_within) return;
    const double hours = std::max(1.0, Seconds(windows_.current) / 3600);
    const double hourly = static_cast<double>(cluster.count) / hours;
    if (hourly <= static_cast<double>(policy_.exceptions_an_hour)) return;
    Insight& insight =
        Add(InsightKind::kRecurringException, cluster.tenant, cluster.component, cluster.operation);
    insight.evidence = {{"occurrences", static_cast<double>(cluster.count), "", "current window"},
                        {"an_hour", hourly, "1/h", "limit 10"}};
    insight.confidence = 0.9;
    insight.severity = hourly > 1000  ? Severity::kCritical
                       : hourly > 100 ? Severity::kHigh
                                      : Severity::kMedium;
    insight.example = cluster.examples.empty() ? cluster.pattern : cluster.examples.front();
    insight.cause = cluster.exception_type + "\n" + cluster.pattern;
    insight.code = cluster.code;
    insight.summary =
        fmt::format("{} in {} of {}: {} times: {}", cluster.exception_type, cluster.operation,
                    cluster.component.value, cluster.count, cluster.pattern);
  }

  void Calls(const CallShape& shape, const Summary& operation) {
    if (shape.calls < policy_.requests_min || operation.count < policy_.requests_min) return;
    if (operation.sum <= 0) return;
    const double share = static_cast<double>(shape.repeats) / static_cast<double>(shape.calls);
    const double mean_ms = shape.total_ms / static_cast<double>(shape.calls);
    const double gain = std::min(1.0, shape.repeat_ms / operation.sum);
    const double time_share = std::min(1.0, shape.total_ms / operation.sum);
    const bool has_code = !shape.code.function.empty();
    const double per_request =
        shape.parents == 0 ? 0
                           : static_cast<double>(shape.calls) / static_cast<double>(shape.parents);
    std::vector<Evidence> evidence = {
        {"calls", static_cast<double>(shape.calls), "",
         "in " + FormatDuration(windows_.now - windows_.calls_from(shape.component))},
        {"call_mean_ms", mean_ms, "ms", ""},
        {"repeated_pct", share * 100, "%", "identical to a call in the five minutes before"},
        {"operation_share_pct", time_share * 100, "%", "of the operation's time"},
        {"saved_pct", gain * 100, "%", "of the operation's time, if remembered"},
        {"latency_p95_ms", operation.sketch.Quantile(0.95), "ms", "of the operation"},
        {"users", static_cast<double>(shape.users), "", "distinct, 0 = not reported"}};
    const bool worth = mean_ms >= policy_.repeat_call_ms_min && has_code;
    if (worth && share >= policy_.repeat_share_min && gain >= policy_.repeat_gain_share_min) {
      Insight& insight = AddShape(InsightKind::kRepeatedCalls, shape, evidence);
      insight.severity = gain > 0.5 ? Severity::kHigh : Severity::kMedium;
      insight.summary = fmt::format(
          "{} of {} calls {} with the same arguments again and again: {:.0f} % of {} calls are "
          "repeats and take {:.0f} % of its time",
          shape.operation, shape.component.value, shape.name, share * 100, shape.calls, gain * 100);
    } else if (worth && time_share >= policy_.hot_share_min &&
               operation.sketch.Quantile(0.95) >= policy_.slow_ms) {
      Insight& insight = AddShape(InsightKind::kSlowOperation, shape, evidence);
      insight.severity = Severity::kMedium;
      insight.summary = fmt::format("{} takes {:.0f} % of the time of {} of {} (p95 {:.1f} ms)",
                                    shape.name, time_share * 100, shape.operation,
                                    shape.component.value, operation.sketch.Quantile(0.95));
    }
    if (!shape.statement.empty() && per_request >= policy_.queries_a_request_min) {
      evidence.push_back({"calls_a_request", per_request, "", "of the same statement shape"});
      Insight& insight = AddShape(InsightKind::kRepeatedQueries, shape, evidence);
      insight.severity = Severity::kMedium;
      insight.example = shape.statement;
      insight.summary = fmt::format("{} of {} runs the same statement {:.1f} times a request",
                                    shape.operation, shape.component.value, per_request);
    }
  }

  Insight& AddShape(InsightKind kind, const CallShape& shape, std::vector<Evidence> evidence) {
    Insight& insight = Add(kind, shape.tenant, shape.component, shape.operation);
    insight.evidence = std::move(evidence);
    insight.cause = shape.name + "\n" + shape.statement;
    insight.code = shape.code;
    insight.confidence = std::min(0.95, 0.7 + static_cast<double>(shape.calls) / 4000.0);
    return insight;
  }

  const AnalysisInput& input_;
  const AnalysisWindows& windows_;
  const DetectorPolicy& policy_;
  std::vector<Insight> insights_;
};

}  // namespace

std::vector<Insight> Detect(const AnalysisInput& input, const DetectorPolicy& policy) {
  return Detector(input, policy).Run();
}

}  // namespace ratchet::analysis
