#pragma once
// What a source reports, in the terms of OpenTelemetry's data model and before
// it becomes telemetry of ours. Every decoder fills these types, whatever its
// encoding.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/time.h"

namespace ratchet::intake {

using Attributes = std::map<std::string, std::string>;  // values as text

enum class Temporality { kUnspecified, kDelta, kCumulative };

struct NumberPoint {
  Attributes attributes;
  Instant time, start;
  double value = 0;
  bool has_value = false;
};
struct HistogramPoint {
  Attributes attributes;
  Instant time, start;
  std::uint64_t count = 0;
  double sum = 0;
  bool has_min = false, has_max = false;
  double min = 0, max = 0;
  std::vector<std::uint64_t> bucket_counts;
  std::vector<double> bounds;  // explicit buckets; empty for exponential ones
  int scale = 0, offset = 0;   // exponential buckets
  std::uint64_t zero_count = 0;
  std::uint64_t negative_count = 0;  // of all negative exponential buckets together
};
enum class MetricKind { kGauge, kSum, kHistogram, kExponentialHistogram };
struct Metric {
  std::string name, unit;
  MetricKind kind = MetricKind::kGauge;
  Temporality temporality = Temporality::kUnspecified;
  bool monotonic = false;
  std::vector<NumberPoint> numbers;
  std::vector<HistogramPoint> histograms;
};
struct SpanEvent {
  std::string name;
  Instant time;
  Attributes attributes;
};
struct Span {
  std::string trace_id, span_id, parent_id, name;
  int kind = 0;         // 2 server, 5 consumer
  int status_code = 0;  // 2 error
  std::int64_t start_ns = 0, end_ns = 0;
  Attributes attributes;
  std::vector<SpanEvent> events;
};
struct Log {
  Instant time;
  int severity = 0;  // OTLP severity number
  std::string body, span_id;
  Attributes attributes;
};
struct Resource {
  Attributes attributes;
  std::vector<Metric> metrics;
  std::vector<Span> spans;
  std::vector<Log> logs;
};

// What of a request is refused, record by record; the rest is kept.
struct Rejections {
  std::uint64_t records = 0;  // spans, log records or data points
  std::uint64_t events = 0;   // exceptions beyond what is read of one span
  std::string first_reason;

  void Add(const std::string& reason, std::uint64_t count = 1) {
    if (records == 0) first_reason = reason;
    records += count;
  }
};

struct Decoded {
  std::vector<Resource> resources;
  Rejections rejected;
};

}  // namespace ratchet::intake
