// One error cluster many times an hour, and lately.

#include <fmt/format.h>

#include <algorithm>

#include "core/analysis/detector_list.h"

namespace ratchet::analysis {
namespace {

Severity SeverityOf(double hourly) {
  if (hourly > 1000) return Severity::kCritical;
  return hourly > 100 ? Severity::kHigh : Severity::kMedium;
}

std::vector<Insight> Find(const AnalysisInput& input, const DetectorPolicy& policy) {
  std::vector<Insight> found;
  const AnalysisWindows& windows = input.histories.windows();
  const double hours = std::max(1.0, Seconds(windows.current) / 3600);
  for (const ErrorCluster& cluster : input.clusters) {
    if (windows.now - cluster.last_seen > policy.exception_seen_within) continue;
    const double hourly = static_cast<double>(cluster.count) / hours;
    if (hourly <= static_cast<double>(policy.exceptions_an_hour)) continue;
    Insight insight = NewInsight(InsightKind::kRecurringException, input,
                                 {cluster.tenant, cluster.component, cluster.operation});
    insight.evidence = {
        {"occurrences", static_cast<double>(cluster.count), "", "current window"},
        {"an_hour", hourly, "1/h", fmt::format("limit {}", policy.exceptions_an_hour)}};
    insight.confidence = 0.9;
    insight.severity = SeverityOf(hourly);
    insight.example = cluster.examples.empty() ? cluster.pattern : cluster.examples.front();
    insight.cause = cluster.exception_type + "\n" + cluster.pattern;
    insight.code = cluster.code;
    insight.summary =
        fmt::format("{} in {} of {}: {} times: {}", cluster.exception_type, cluster.operation,
                    cluster.component.value, cluster.count, cluster.pattern);
    found.push_back(std::move(insight));
  }
  return found;
}

Figure Gain(const Insight&) { return {10, Origin::kEstimated}; }

std::string Requirement(const Insight&) {
  return "Handle the case that raises this exception, without hiding other failures.";
}

}  // namespace

const Detector kRecurringException{InsightKind::kRecurringException, Find, Gain, Requirement};

}  // namespace ratchet::analysis
