#include "core/analysis/service_metrics.h"

#include <cmath>
#include <map>
#include <vector>

namespace ratchet::analysis {

LatencySource DecideSource(std::uint64_t spans, std::uint64_t histograms) {
  // Up to 10 % fewer spans may be still on their way; more are missing for good.
  return spans * 10 < histograms * 9 ? LatencySource::kHistograms : LatencySource::kSpans;
}

LatencySources SourcesOf(std::span<const Point> points) {
  struct Counts {
    std::uint64_t spans = 0, histograms = 0;
  };
  std::map<LatencySources::key_type, Counts> operations;
  for (const Point& point : points) {
    Counts& counts = operations[{point.series.component, point.series.operation}];
    if (point.series.metric == kSpanLatency) counts.spans += point.values.count;
    if (point.series.metric == kRequestLatency) counts.histograms += point.values.count;
  }
  LatencySources sources;
  for (const auto& [operation, counts] : operations)
    sources[operation] = DecideSource(counts.spans, counts.histograms);
  return sources;
}

Summary RequestSummary(std::span<const Point> points, const LatencySources& sources) {
  struct Summaries {
    Summary spans, histograms;
  };
  Summary all;
  std::map<LatencySources::key_type, Summaries> unknown;
  for (const Point& point : points) {
    const bool histogram = point.series.metric == kRequestLatency;
    if (!histogram && point.series.metric != kSpanLatency) continue;
    const LatencySources::key_type operation{point.series.component, point.series.operation};
    const auto source = sources.find(operation);
    if (source == sources.end()) {
      Summaries& both = unknown[operation];
      (histogram ? both.histograms : both.spans).Merge(point.values);
    } else if (histogram == (source->second == LatencySource::kHistograms)) {
      all.Merge(point.values);
    }
  }
  for (const auto& [operation, both] : unknown)
    all.Merge(both.spans.count > 0 ? both.spans : both.histograms);
  return all;
}

ServiceMetrics MetricsOf(std::span<const Point> points, Window window,
                         const LatencySources& sources) {
  const Summary all = RequestSummary(points, sources);
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

Moments LogP95Blocks(std::span<const Point> points, Window window, Duration block,
                     std::uint64_t requests_min, const LatencySources& sources) {
  std::map<std::int64_t, std::vector<Point>> blocks;
  for (const Point& point : points) blocks[(point.start - window.begin) / block].push_back(point);
  std::vector<double> logs;
  for (const auto& [number, own] : blocks) {
    const Summary all = RequestSummary(own, sources);
    if (all.count < requests_min) continue;
    if (const double p95 = all.sketch.Quantile(0.95); p95 > 0) logs.push_back(std::log(p95));
  }
  return MomentsOf(logs);
}

}  // namespace ratchet::analysis
