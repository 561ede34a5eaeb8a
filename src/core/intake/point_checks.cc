#include "core/intake/point_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace ratchet::intake {
namespace {

constexpr std::uint64_t kPointCountMax = 1'000'000'000'000;  // 1e12: a day of 10 million a second
constexpr size_t kBucketsMax = 2'000;  // exporters have 15 to 160; the rest is memory of ours
constexpr double kMagnitudeMax = 1e100;

bool Measurable(double value) { return std::abs(value) < kMagnitudeMax; }  // no NaN either

bool BoundsAscend(const std::vector<double>& bounds) {
  return std::ranges::all_of(bounds, Measurable) &&
         std::ranges::adjacent_find(bounds, std::greater_equal<>()) == bounds.end();
}

// An id of `digits` hexadecimal digits that are not all zero.
bool IsId(std::string_view id, size_t digits) {
  return id.size() == digits &&
         id.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos &&
         id.find_first_not_of('0') != std::string_view::npos;
}

std::string BucketFault(const HistogramPoint& point, MetricKind kind) {
  const auto& counts = point.bucket_counts;
  if (counts.size() > kBucketsMax || point.bounds.size() > kBucketsMax)
    return fmt::format("a histogram point has more than {} buckets", kBucketsMax);
  const bool exponential = kind == MetricKind::kExponentialHistogram;
  const bool none = counts.empty() && point.bounds.empty();
  if (!exponential && !none && counts.size() != point.bounds.size() + 1)
    return fmt::format("a histogram point has {} bucketCounts for {} explicitBounds", counts.size(),
                       point.bounds.size());
  if (!BoundsAscend(point.bounds)) return "explicitBounds are not finite and ascending";
  if (!exponential && none) return {};
  std::uint64_t sum = 0;
  for (const std::uint64_t count : {point.zero_count, point.negative_count}) {
    if (count > point.count - sum) return "bucketCounts do not add up to count";
    sum += count;
  }
  for (const std::uint64_t count : counts) {
    if (count > point.count - sum) return "bucketCounts do not add up to count";
    sum += count;
  }
  return sum == point.count ? "" : "bucketCounts do not add up to count";
}

template <typename Record, typename Fault>
void Reject(std::vector<Record>& records, Rejections& rejected, const Fault& fault_of) {
  std::erase_if(records, [&](const Record& record) {
    const std::string fault = fault_of(record);
    if (!fault.empty()) rejected.Add(fault);
    return !fault.empty();
  });
}

}  // namespace

std::string FaultOf(const Metric& metric) {
  if (metric.kind == MetricKind::kGauge || metric.temporality != Temporality::kUnspecified)
    return {};
  return "aggregationTemporality is unspecified";
}

std::string FaultOf(const NumberPoint& point) {
  if (!point.has_value) return "a data point has no value";
  return Measurable(point.value) ? "" : "the value of a data point is not a finite number";
}

std::string FaultOf(const HistogramPoint& point, MetricKind kind, Measures measures) {
  if (point.count > kPointCountMax)
    return fmt::format("count {} of a histogram point is above {}", point.count, kPointCountMax);
  std::string fault = BucketFault(point, kind);
  if (!fault.empty()) return fault;
  if (point.count == 0) return {};  // sum, min and max say nothing
  if (!Measurable(point.sum)) return "sum of a histogram point is not a finite number";
  if ((point.has_min && !Measurable(point.min)) || (point.has_max && !Measurable(point.max)))
    return "min or max of a histogram point is not a finite number";
  if (point.has_min && point.has_max && point.min > point.max)
    return "min of a histogram point is above its max";
  if (measures == Measures::kAnything) return {};
  const bool negative = point.sum < 0 || (point.has_min && point.min < 0) ||
                        point.negative_count > 0 ||
                        (!point.bounds.empty() && point.bounds.front() < 0);
  return negative ? "a latency is negative" : "";
}

std::string FaultOf(const Span& span) {
  if (!IsId(span.trace_id, 32)) return "traceId is not 32 hexadecimal digits, not all zero";
  if (!IsId(span.span_id, 16)) return "spanId is not 16 hexadecimal digits, not all zero";
  if (span.start_ns < 0) return "a span starts before 1970";
  return span.end_ns < span.start_ns ? "a span ends before it starts" : "";
}

void RejectFaulty(const std::vector<std::string>& latency_metrics, Decoded& decoded) {
  for (Resource& resource : decoded.resources) {
    for (Metric& metric : resource.metrics) {
      const std::string fault = FaultOf(metric);
      const auto fault_or = [&](const std::string& other) { return fault.empty() ? other : fault; };
      const Measures measures =
          std::ranges::find(latency_metrics, metric.name) != latency_metrics.end()
              ? Measures::kLatency
              : Measures::kAnything;
      Reject(metric.numbers, decoded.rejected,
             [&](const NumberPoint& point) { return fault_or(FaultOf(point)); });
      Reject(metric.histograms, decoded.rejected, [&](const HistogramPoint& point) {
        return fault_or(FaultOf(point, metric.kind, measures));
      });
    }
    Reject(resource.spans, decoded.rejected, [](const Span& span) { return FaultOf(span); });
  }
}

}  // namespace ratchet::intake
