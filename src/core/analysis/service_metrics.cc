#include "core/analysis/service_metrics.h"

#include <map>
#include <tuple>

namespace ratchet::analysis {

Summary RequestSummary(std::span<const Point> points) {
  struct Sources {
    Summary spans, histograms;
  };
  // The source is chosen an operation, not for the whole: one operation may be traced, another not.
  std::map<std::tuple<TenantId, ComponentId, std::string>, Sources> operations;
  for (const Point& point : points) {
    const SeriesKey& s = point.series;
    Sources& sources = operations[{s.tenant, s.component, s.operation}];
    if (s.metric == kSpanLatency) sources.spans.Merge(point.values);
    if (s.metric == kRequestLatency) sources.histograms.Merge(point.values);
  }
  Summary all;
  for (const auto& [key, sources] : operations) {
    // Up to 10 % fewer spans may be still on their way; more are missing for good.
    const bool sampled = sources.spans.count * 10 < sources.histograms.count * 9;
    all.Merge(sampled ? sources.histograms : sources.spans);
  }
  return all;
}

ServiceMetrics MetricsOf(std::span<const Point> points, Window window) {
  const Summary all = RequestSummary(points);
  ServiceMetrics metrics;
  metrics.requests = all.count;
  if (all.count == 0) return metrics;
  metrics.latency_p50 = all.sketch.Quantile(0.50);
  metrics.latency_p95 = all.sketch.Quantile(0.95);
  metrics.latency_p99 = all.sketch.Quantile(0.99);
  metrics.error_rate = static_cast<double>(all.errors) / static_cast<double>(all.count);
  const double seconds = Seconds(window.length());
  metrics.throughput = seconds > 0 ? static_cast<double>(all.count) / seconds : 0;
  return metrics;
}

}  // namespace ratchet::analysis
