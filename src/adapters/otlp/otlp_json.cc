#include "adapters/otlp/otlp_json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>

#include "core/base/text.h"

namespace ratchet::otlp {
namespace {

using Element = simdjson::dom::element;
using simdjson::dom::array;
using simdjson::dom::object;

// What is wrong with a message; thrown and caught inside this file only.
struct Malformed {
  std::string what;
};

constexpr size_t kTextBytes = 16'000;  // longer attribute values and bodies are cut

[[noreturn]] void Wrong(std::string_view name, std::string_view wanted) {
  throw Malformed{fmt::format("{} is not {}", name, wanted)};
}

bool Has(const object& o, const char* name, Element& out) {
  return o[name].get(out) == simdjson::SUCCESS && !out.is_null();
}

object AsObject(Element element, std::string_view name) {
  object o;
  if (element.get(o) != simdjson::SUCCESS) Wrong(name, "an object");
  return o;
}

// Calls `each` for every object in the array member `name`, if it is there.
template <typename Each>
void ForEach(const object& o, const char* name, const Each& each) {
  Element element;
  if (!Has(o, name, element)) return;
  array items;
  if (element.get(items) != simdjson::SUCCESS) Wrong(name, "an array");
  for (const Element item : items) each(AsObject(item, name));
}

std::string Text(const object& o, const char* name) {
  Element element;
  if (!Has(o, name, element)) return {};
  std::string_view text;
  if (element.get(text) != simdjson::SUCCESS) Wrong(name, "text");
  return Shorten(text, kTextBytes);
}

std::int64_t Integer(Element element, const char* name) {
  std::int64_t number = 0;
  if (element.get(number) == simdjson::SUCCESS) return number;
  std::uint64_t large = 0;
  if (element.get(large) == simdjson::SUCCESS) Wrong(name, "a 64-bit integer");
  std::string_view text;
  if (element.get(text) == simdjson::SUCCESS) {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec == std::errc() && end == text.data() + text.size()) return number;
  }
  double real = 0;
  if (element.get(real) == simdjson::SUCCESS && real > -9e15 && real < 9e15 &&
      real == static_cast<double>(static_cast<std::int64_t>(real))) {
    return static_cast<std::int64_t>(real);
  }
  Wrong(name, "an integer");
}

std::int64_t IntegerOr(const object& o, const char* name, std::int64_t otherwise) {
  Element element;
  return Has(o, name, element) ? Integer(element, name) : otherwise;
}

std::uint64_t Count(Element element, const char* name) {
  const std::int64_t number = Integer(element, name);
  if (number < 0) Wrong(name, "a count");
  return static_cast<std::uint64_t>(number);
}

double Real(Element element, const char* name) {
  double real = 0;
  if (element.get(real) == simdjson::SUCCESS) return real;
  std::string_view text;
  if (element.get(text) == simdjson::SUCCESS) {
    if (text == "NaN" || text == "Infinity" || text == "-Infinity")
      return std::numeric_limits<double>::quiet_NaN();
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), real);
    if (ec == std::errc() && end == text.data() + text.size()) return real;
  }
  Wrong(name, "a number");
}

Instant Time(const object& o, const char* name) {
  const std::int64_t ns = IntegerOr(o, name, 0);
  return FromMillis(ns / 1'000'000);
}

std::string ValueText(const object& value) {
  Element element;
  if (Has(value, "stringValue", element)) return Text(value, "stringValue");
  if (Has(value, "intValue", element)) return std::to_string(Integer(element, "intValue"));
  if (Has(value, "doubleValue", element)) return fmt::format("{}", Real(element, "doubleValue"));
  bool flag = false;
  if (Has(value, "boolValue", element) && element.get(flag) == simdjson::SUCCESS)
    return flag ? "true" : "false";
  // Arrays, maps and bytes: their JSON is identity enough.
  return Shorten(simdjson::minify(value), kTextBytes);
}

Attributes ReadAttributes(const object& o) {
  Attributes attributes;
  ForEach(o, "attributes", [&](const object& item) {
    constexpr size_t kAttributesMax = 128;
    Element value;
    if (attributes.size() < kAttributesMax && Has(item, "value", value)) {
      attributes[Text(item, "key")] = ValueText(AsObject(value, "value"));
    }
  });
  return attributes;
}

NumberPoint ReadNumber(const object& o) {
  NumberPoint point{.attributes = ReadAttributes(o),
                    .time = Time(o, "timeUnixNano"),
                    .start = Time(o, "startTimeUnixNano")};
  Element element;
  if (Has(o, "asDouble", element)) {
    point.value = Real(element, "asDouble");
  } else if (Has(o, "asInt", element)) {
    point.value = static_cast<double>(Integer(element, "asInt"));
  }
  return point;
}

void ReadBucketCounts(const object& o, std::vector<std::uint64_t>& counts) {
  Element element;
  if (!Has(o, "bucketCounts", element)) return;
  array items;
  if (element.get(items) != simdjson::SUCCESS) Wrong("bucketCounts", "an array");
  for (const Element item : items) counts.push_back(Count(item, "bucketCounts"));
}

HistogramPoint ReadHistogram(const object& o) {
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
    array bounds;
    if (element.get(bounds) != simdjson::SUCCESS) Wrong("explicitBounds", "an array");
    for (const Element bound : bounds) point.bounds.push_back(Real(bound, "explicitBounds"));
  }
  if (Has(o, "zeroCount", element)) point.zero_count = Count(element, "zeroCount");
  point.scale = static_cast<int>(IntegerOr(o, "scale", 0));
  if (Has(o, "positive", element)) {
    const object positive = AsObject(element, "positive");
    point.offset = static_cast<int>(IntegerOr(positive, "offset", 0));
    ReadBucketCounts(positive, point.bucket_counts);
  }
  return point;
}

Temporality ReadTemporality(const object& o) {
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

Metric ReadMetric(const object& o) {
  Metric metric{.name = Text(o, "name"), .unit = Text(o, "unit")};
  if (metric.name.empty()) Wrong("metric.name", "there");
  Element element;
  const auto read = [&](const char* member, MetricKind kind) {
    if (!Has(o, member, element)) return;
    const object data = AsObject(element, member);
    metric.kind = kind;
    metric.temporality = ReadTemporality(data);
    bool monotonic = false;
    Element flag;
    if (Has(data, "isMonotonic", flag) && flag.get(monotonic) == simdjson::SUCCESS)
      metric.monotonic = monotonic;
    ForEach(data, "dataPoints", [&](const object& point) {
      if (kind == MetricKind::kGauge || kind == MetricKind::kSum)
        metric.numbers.push_back(ReadNumber(point));
      else
        metric.histograms.push_back(ReadHistogram(point));
    });
  };
  read("gauge", MetricKind::kGauge);
  read("sum", MetricKind::kSum);
  read("histogram", MetricKind::kHistogram);
  read("exponentialHistogram", MetricKind::kExponentialHistogram);
  return metric;
}

Span ReadSpan(const object& o) {
  Span span{.trace_id = Text(o, "traceId"),
            .span_id = Text(o, "spanId"),
            .parent_id = Text(o, "parentSpanId"),
            .name = Text(o, "name"),
            .start_ns = IntegerOr(o, "startTimeUnixNano", 0),
            .end_ns = IntegerOr(o, "endTimeUnixNano", 0),
            .attributes = ReadAttributes(o)};
  if (span.trace_id.empty() || span.span_id.empty()) Wrong("span.traceId and spanId", "both there");
  Element element;
  if (Has(o, "kind", element)) {
    std::string_view name;
    if (element.get(name) == simdjson::SUCCESS && name.starts_with("SPAN_KIND"))
      span.kind = name == "SPAN_KIND_SERVER" ? 2 : name == "SPAN_KIND_CONSUMER" ? 5 : 1;
    else
      span.kind = static_cast<int>(Integer(element, "kind"));
  }
  if (Has(o, "status", element)) {
    const object status = AsObject(element, "status");
    Element code;
    std::string_view name;
    if (Has(status, "code", code)) {
      if (code.get(name) == simdjson::SUCCESS && name.starts_with("STATUS_CODE"))
        span.status_code = name == "STATUS_CODE_ERROR" ? 2 : 0;
      else
        span.status_code = static_cast<int>(Integer(code, "status.code"));
    }
  }
  ForEach(o, "events", [&](const object& event) {
    if (span.events.size() < 32)
      span.events.push_back(
          {Text(event, "name"), Time(event, "timeUnixNano"), ReadAttributes(event)});
  });
  return span;
}

Log ReadLog(const object& o) {
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
      log.severity = static_cast<int>(Integer(element, "severityNumber"));
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

}  // namespace

Result<std::vector<Resource>> DecodeJson(Signal signal, std::string_view body) {
  simdjson::dom::parser parser;
  Element root;
  if (const auto error = parser.parse(body.data(), body.size()).get(root);
      error != simdjson::SUCCESS) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("the body is no JSON: {}", simdjson::error_message(error)));
  }
  const Members members = MembersOf(signal);
  std::vector<Resource> resources;
  try {
    ForEach(AsObject(root, "the body"), members.resources, [&](const object& r) {
      Resource resource;
      Element element;
      if (Has(r, "resource", element))
        resource.attributes = ReadAttributes(AsObject(element, "resource"));
      ForEach(r, members.scopes, [&](const object& scope) {
        ForEach(scope, members.items, [&](const object& item) {
          if (signal == Signal::kMetrics) resource.metrics.push_back(ReadMetric(item));
          if (signal == Signal::kTraces) resource.spans.push_back(ReadSpan(item));
          if (signal == Signal::kLogs) resource.logs.push_back(ReadLog(item));
        });
      });
      resources.push_back(std::move(resource));
    });
  } catch (const Malformed& malformed) {
    return Fail(ErrorCode::kInvalidArgument, malformed.what);
  } catch (const simdjson::simdjson_error& error) {
    return Fail(ErrorCode::kInvalidArgument, error.what());
  }
  return resources;
}

}  // namespace ratchet::otlp
