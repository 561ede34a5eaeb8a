#include "core/analysis/history.h"

#include <algorithm>

#include "core/analysis/service_metrics.h"

namespace ratchet::analysis {

Instant AnalysisWindows::calls_from(const ComponentId& component) const {
  const auto changed = changed_at.find(component);
  return changed == changed_at.end() ? now - calls : std::max(now - calls, changed->second);
}

std::vector<double> RequestHistory::BucketMeans() const {
  std::map<Instant, Bucket> merged;  // a bucket may have points of several versions
  for (const Bucket& bucket : buckets_) {
    Bucket& sum = merged[bucket.start];
    sum.sum += bucket.sum;
    sum.count += bucket.count;
  }
  std::vector<double> means;
  means.reserve(merged.size());
  for (const auto& [start, bucket] : merged)
    if (bucket.count > 0) means.push_back(bucket.sum / static_cast<double>(bucket.count));
  return means;
}

void Histories::Add(const Point& point) {
  const SeriesKey& series = point.series;
  const bool spans = series.metric == kSpanLatency;
  const Instant current_from = windows_.current_from();
  const bool outside =
      point.start < current_from - windows_.baseline || point.start >= windows_.now;
  if (outside || (!spans && series.metric != kRequestLatency)) return;
  auto& counts = counts_[{series.component, series.operation}];
  (spans ? counts.first : counts.second) += point.values.count;
  Sources& sources = operations_[{series.tenant, series.component, series.operation}];
  RequestHistory& history = spans ? sources.spans : sources.histograms;
  if (point.start >= windows_.calls_from(series.component)) history.calls.Merge(point.values);
  if (point.start >= current_from) {
    history.current.Merge(point.values);
    if (point.values.count > 0) history.hours.insert(ToMillis(point.start) / 3'600'000);
    return;
  }
  history.baseline.Merge(point.values);
  history.first = std::min(history.first.value_or(point.start), point.start);
  history.buckets_.push_back({point.start, point.values.sum, point.values.count});
}

std::vector<OperationKey> Histories::Operations() const {
  std::vector<OperationKey> keys;
  keys.reserve(operations_.size());
  for (const auto& [key, sources] : operations_) keys.push_back(key);
  return keys;
}

const RequestHistory& Histories::Of(const OperationKey& operation) const {
  static const RequestHistory kNone;
  const auto at = operations_.find(operation);
  if (at == operations_.end()) return kNone;
  const auto& [tenant, component, name] = operation;
  const auto& [spans, histograms] = counts_.at({component, name});
  return DecideSource(spans, histograms) == LatencySource::kSpans ? at->second.spans
                                                                  : at->second.histograms;
}

}  // namespace ratchet::analysis
