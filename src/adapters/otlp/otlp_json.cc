#include "adapters/otlp/otlp_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/otlp/json_fields.h"
#include "core/base/text.h"
#include "core/stats/summary.h"

namespace ratchet::otlp {
namespace {

using intake::Decoded;
using intake::HistogramPoint;
using intake::Log;
using intake::Metric;
using intake::MetricKind;
using intake::NumberPoint;
using intake::Resource;
using intake::Span;
using intake::Temporality;

struct TooMany {};  // objects; thrown and caught inside this file only

// In the order of MetricKind; then what is not read.
constexpr const char* kMetricKinds[] = {"gauge", "sum", "histogram", "exponentialHistogram",
                                        "summary"};
constexpr size_t kSummaryKind = 4;

NumberPoint ReadNumber(const Object& o) {
  NumberPoint point{.attributes = ReadAttributes(o),
                    .time = Time(o, "timeUnixNano"),
                    .start = Time(o, "startTimeUnixNano")};
  Element element;
  point.has_value = Has(o, "asDouble", element) || Has(o, "asInt", element);
  if (Has(o, "asDouble", element)) {
    point.value = Real(element, "asDouble");
  } else if (Has(o, "asInt", element)) {
    point.value = static_cast<double>(Integer(element, "asInt"));
  }
  return point;
}

void ReadBucketCounts(const Object& o, std::vector<std::uint64_t>& counts) {
  Element element;
  if (!Has(o, "bucketCounts", element)) return;
  for (const Element item : AsArray(element, "bucketCounts"))
    counts.push_back(Count(item, "bucketCounts"));
}

HistogramPoint ReadHistogram(const Object& o) {
  HistogramPoint point{.attributes = ReadAttributes(o),
                       .time = Time(o, "timeUnixNano"),
                       .start = Time(o, "startTimeUnixNano")};
  Element element;
  if (Has(o, "count", element)) point.count = Count(element, "count");
  if (Has(o, "sum", element)) point.sum = Real(element, "sum");
  point.has_min = Has(o, "min", element);
  if (point.has_min) point.min = Real(element, "min");
  point.has_max = Has(o, "max", element);
  if (point.has_max) point.max = Real(element, "max");
  ReadBucketCounts(o, point.bucket_counts);
  if (Has(o, "explicitBounds", element)) {
    for (const Element bound : AsArray(element, "explicitBounds"))
      point.bounds.push_back(Real(bound, "explicitBounds"));
  }
  if (Has(o, "zeroCount", element)) point.zero_count = Count(element, "zeroCount");
  if (Has(o, "scale", element)) point.scale = SmallInteger(element, "scale");
  if (Has(o, "positive", element)) {
    const Object positive = AsObject(element, "positive");
    ReadBucketCounts(positive, point.bucket_counts);
    if (Has(positive, "offset", element)) point.offset = SmallInteger(element, "offset");
  }
  if (Has(o, "negative", element)) {
    std::vector<std::uint64_t> counts;
    ReadBucketCounts(AsObject(element, "negative"), counts);
    for (const std::uint64_t count : counts)
      point.negative_count += std::min(count, Summary::kCountMax - point.negative_count);
  }
  return point;
}

Temporality ReadTemporality(const Object& o) {
  Element element;
  if (!Has(o, "aggregationTemporality", element)) return Temporality::kUnspecified;
  std::string_view name;
  if (element.get(name) == simdjson::SUCCESS && name.find("DELTA") != std::string_view::npos)
    return Temporality::kDelta;
  if (element.get(name) == simdjson::SUCCESS && name.find("CUMULATIVE") != std::string_view::npos)
    return Temporality::kCumulative;
  const std::int64_t number = Integer(element, "aggregationTemporality");
  return number == 1   ? Temporality::kDelta
         : number == 2 ? Temporality::kCumulative
                       : Temporality::kUnspecified;
}

int ReadKind(const Object& o) {
  Element element;
  if (!Has(o, "kind", element)) return 0;
  std::string_view name;
  if (element.get(name) == simdjson::SUCCESS && name.starts_with("SPAN_KIND"))
    return name == "SPAN_KIND_SERVER" ? 2 : name == "SPAN_KIND_CONSUMER" ? 5 : 1;
  return SmallInteger(element, "kind");
}

int ReadStatus(const Object& o) {
  Element element;
  if (!Has(o, "status", element) || !Has(AsObject(element, "status"), "code", element)) return 0;
  std::string_view name;
  if (element.get(name) == simdjson::SUCCESS && name.starts_with("STATUS_CODE"))
    return name == "STATUS_CODE_ERROR" ? 2 : 0;
  return SmallInteger(element, "status.code");
}

Span ReadSpan(const Object& o) {
  Span span{.trace_id = Text(o, "traceId"),
            .span_id = Text(o, "spanId"),
            .parent_id = Text(o, "parentSpanId"),
            .name = Text(o, "name"),
            .start_ns = IntegerOr(o, "startTimeUnixNano", 0),
            .end_ns = IntegerOr(o, "endTimeUnixNano", 0),
            .attributes = ReadAttributes(o)};
  span.kind = ReadKind(o);
  span.status_code = ReadStatus(o);
  return span;
}

Log ReadLog(const Object& o) {
  Log log{.time = Time(o, "timeUnixNano"),
          .severity = 0,
          .span_id = Text(o, "spanId"),
          .attributes = ReadAttributes(o)};
  if (ToMillis(log.time) == 0) log.time = Time(o, "observedTimeUnixNano");
  Element element;
  if (Has(o, "severityNumber", element)) {
    std::string_view name;
    if (element.get(name) == simdjson::SUCCESS && name.starts_with("SEVERITY")) {
      log.severity = name.find("ERROR") != std::string_view::npos ||
                             name.find("FATAL") != std::string_view::npos
                         ? 17
                         : 9;
    } else {
      log.severity = SmallInteger(element, "severityNumber");
    }
  }
  if (Has(o, "body", element)) log.body = ValueText(AsObject(element, "body"));
  return log;
}

struct Members {
  const char* resources;
  const char* scopes;
  const char* items;
};

Members MembersOf(Signal signal) {
  switch (signal) {
    case Signal::kMetrics:
      return {"resourceMetrics", "scopeMetrics", "metrics"};
    case Signal::kTraces:
      return {"resourceSpans", "scopeSpans", "spans"};
    case Signal::kLogs:
      return {"resourceLogs", "scopeLogs", "logRecords"};
  }
  return {};
}

// How many data points go with a metric that cannot be read.
size_t PointsOf(Element metric) {
  size_t points = 0;
  for (const char* kind : kMetricKinds) {
    Element data;
    Array items;
    if (metric[kind]["dataPoints"].get(data) == simdjson::SUCCESS &&
        data.get(items) == simdjson::SUCCESS)
      points += items.size();
  }
  return std::max<size_t>(points, 1);
}

// One request. What is malformed inside a record rejects that record, and a resource or a metric
// that cannot be read all the records in it.
class Decoder {
 public:
  explicit Decoder(Signal signal) : signal_(signal), members_(MembersOf(signal)) {}

  // Throws Malformed for a wrong top level, TooMany for more than a request may hold.
  Decoded Read(Element root) {
    Element element;
    if (Has(AsObject(root, "the body"), members_.resources, element)) {
      for (const Element item : AsArray(element, members_.resources))
        ReadResource(AsObject(item, members_.resources));
    }
    return std::move(decoded_);
  }

 private:
  static void Spend(size_t& left) {
    if (left == 0) throw TooMany{};
    --left;
  }

  // Runs `read`; what it throws of a record counts as `records` that were rejected.
  template <typename Read, typename Records>
  void Singly(const Read& read, const Records& records) {
    try {
      read();
    } catch (const Malformed& malformed) {
      decoded_.rejected.Add(malformed.what, records());
    }
  }
  template <typename Read>
  void Singly(const Read& read) {
    Singly(read, [] { return size_t{1}; });
  }

  void ReadResource(const Object& o) {
    Spend(groups_left_);
    Resource resource;
    std::string fault;
    try {
      Element element;
      if (Has(o, "resource", element))
        resource.attributes = ReadAttributes(AsObject(element, "resource"));
    } catch (const Malformed& malformed) {
      fault = malformed.what;
    }
    Singly([&] {
      Element element;
      if (!Has(o, members_.scopes, element)) return;
      for (const Element scope : AsArray(element, members_.scopes))
        Singly([&] { ReadScope(AsObject(scope, members_.scopes), fault, resource); });
    });
    decoded_.resources.push_back(std::move(resource));
  }

  void ReadScope(const Object& o, const std::string& fault, Resource& resource) {
    Spend(groups_left_);
    Element element;
    if (!Has(o, members_.items, element)) return;
    for (const Element item : AsArray(element, members_.items)) {
      Spend(signal_ == Signal::kMetrics ? groups_left_ : records_left_);
      Singly(
          [&] {
            if (!fault.empty()) throw Malformed{fault};
            ReadItem(AsObject(item, members_.items), resource);
          },
          [&] { return signal_ == Signal::kMetrics ? PointsOf(item) : 1; });
    }
  }

  void ReadItem(const Object& o, Resource& resource) {
    if (signal_ == Signal::kMetrics) resource.metrics.push_back(ReadMetric(o));
    if (signal_ == Signal::kLogs) resource.logs.push_back(ReadLog(o));
    if (signal_ == Signal::kTraces) {
      Span span = ReadSpan(o);
      ReadExceptions(o, span);
      resource.spans.push_back(std::move(span));
    }
  }

  Metric ReadMetric(const Object& o) {
    Metric metric{.name = Text(o, "name"), .unit = Text(o, "unit")};
    if (metric.name.empty()) Wrong("metric.name", "there");
    Element element, found;
    size_t kind = std::size(kMetricKinds);
    for (size_t i = 0; i < std::size(kMetricKinds); ++i) {
      if (!Has(o, kMetricKinds[i], element)) continue;
      if (kind != std::size(kMetricKinds)) Wrong("metric.data", "of one kind");
      kind = i;
      found = element;
    }
    if (kind == std::size(kMetricKinds)) return metric;
    if (kind == kSummaryKind) Wrong("metric.summary", "supported");
    const Object data = AsObject(found, kMetricKinds[kind]);
    metric.kind = static_cast<MetricKind>(kind);
    metric.temporality = ReadTemporality(data);
    bool monotonic = false;
    if (Has(data, "isMonotonic", element) && element.get(monotonic) == simdjson::SUCCESS)
      metric.monotonic = monotonic;
    if (Has(data, "dataPoints", element)) ReadPoints(AsArray(element, "dataPoints"), metric);
    return metric;
  }

  void ReadPoints(const Array& points, Metric& metric) {
    for (const Element item : points) {
      Spend(records_left_);
      Singly([&] {
        const Object point = AsObject(item, "dataPoints");
        constexpr std::int64_t kNoRecordedValue = 1;  // the series has ended: not a fault
        if ((IntegerOr(point, "flags", 0) & kNoRecordedValue) != 0) return;
        if (metric.kind == MetricKind::kGauge || metric.kind == MetricKind::kSum)
          metric.numbers.push_back(ReadNumber(point));
        else
          metric.histograms.push_back(ReadHistogram(point));
      });
    }
  }

  // Of the events only exceptions are read.
  void ReadExceptions(const Object& o, Span& span) {
    Element element;
    if (!Has(o, "events", element)) return;
    for (const Element item : AsArray(element, "events")) {
      const Object event = AsObject(item, "events");
      if (Text(event, "name") != "exception") continue;
      if (span.events.size() < kExceptionsMax)
        span.events.push_back({"exception", Time(event, "timeUnixNano"), ReadAttributes(event)});
      else
        ++decoded_.rejected.events;
    }
  }

  Signal signal_;
  Members members_;
  Decoded decoded_;
  size_t groups_left_ = kGroupsMax;
  size_t records_left_ = kRecordsMax;
};

Result<Decoded> DecodeJson(Signal signal, std::string_view body) {
  const auto opens_value = [](char c) { return c == ',' || c == '{' || c == '['; };
  if (body.size() > kValuesMax &&  // each takes a byte
      std::ranges::count_if(body, opens_value) > static_cast<std::ptrdiff_t>(kValuesMax)) {
    return Fail(ErrorCode::kResourceExhausted,
                fmt::format("the body holds more than {} values", kValuesMax));
  }
  simdjson::dom::parser parser;
  Element root;
  if (const auto error = parser.parse(body.data(), body.size()).get(root);
      error != simdjson::SUCCESS) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("the body is no JSON: {}", simdjson::error_message(error)));
  }
  try {
    return Decoder(signal).Read(root);
  } catch (const TooMany&) {
    return Fail(
        ErrorCode::kResourceExhausted,
        fmt::format("the body holds more than {} resources, scopes and metrics, or {} records",
                    kGroupsMax, kRecordsMax));
  } catch (const Malformed& malformed) {
    return Fail(ErrorCode::kInvalidArgument, malformed.what);
  } catch (const simdjson::simdjson_error& error) {
    return Fail(ErrorCode::kInvalidArgument, error.what());
  }
}

std::string JsonText(std::string_view text) {
  std::string out = "\"";
  for (const char c : ToValidUtf8(text)) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 32) out += c;
  }
  return out + "\"";
}

std::string SuccessJson(Signal signal, const PartialSuccess* partial) {
  if (partial == nullptr) return "{}";
  const char* name = signal == Signal::kMetrics  ? "rejectedDataPoints"
                     : signal == Signal::kTraces ? "rejectedSpans"
                                                 : "rejectedLogRecords";
  return fmt::format("{{\"partialSuccess\":{{\"{}\":\"{}\",\"errorMessage\":{}}}}}", name,
                     partial->rejected, JsonText(partial->message));
}

std::string ErrorJson(int rpc_code, std::string_view message) {
  return fmt::format("{{\"code\":{},\"message\":{}}}", rpc_code, JsonText(message));
}

}  // namespace

constinit const Encoding kJson{"application/json", DecodeJson, SuccessJson, ErrorJson};

}  // namespace ratchet::otlp
