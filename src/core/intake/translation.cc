#include "core/intake/translation.h"

#include <algorithm>
#include <charconv>

#include "core/base/hash.h"
#include "core/base/text.h"

namespace ratchet::intake {
namespace {

constexpr std::string_view kVolatile[] = {"thread.id",         "thread.name",
                                          "net.peer.port",     "client.port",
                                          "network.peer.port", "http.request_content_length"};

std::string Find(const Attributes& attributes, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto at = attributes.find(name);
    if (at != attributes.end() && !at->second.empty()) return at->second;
  }
  return {};
}

std::string Either(const Attributes& own, const Attributes& resource,
                   std::initializer_list<const char*> names) {
  std::string found = Find(own, names);
  return found.empty() ? Find(resource, names) : found;
}

// Both generations of the semantic conventions.
CodeLocation CodeOf(const Attributes& a) {
  CodeLocation code{.file = Find(a, {"code.file.path", "code.filepath"}),
                    .function = Find(a, {"code.function.name", "code.function"})};
  const std::string line = Find(a, {"code.line.number", "code.lineno"});
  std::from_chars(line.data(), line.data() + line.size(), code.line);
  return code;
}

bool SaysFailure(const Attributes& a) {
  const std::string status = Find(a, {"http.response.status_code", "http.status_code"});
  if (status.size() == 3 && status[0] == '5') return true;
  if (!Find(a, {"error.type"}).empty()) return true;
  const std::string outcome = Find(a, {"error", "outcome", "status"});
  return outcome == "true" || outcome == "error" || outcome == "failure";
}

// What makes two calls the same call: the name and every attribute that is not about the moment.
std::string IdentityOf(const Span& span) {
  std::string text = span.name;
  for (const auto& [key, value] : span.attributes) {
    if (std::ranges::find(kVolatile, key) == std::end(kVolatile))
      text.append("\n").append(key).append("=").append(value);
  }
  return Sha256Hex(text).substr(0, 24);
}

double MillisecondsFactor(const std::string& unit, const std::string& name) {
  if (unit == "ms" || unit == "milliseconds") return 1;
  if (unit == "us") return 1e-3;
  if (unit == "ns") return 1e-6;
  if (unit == "s" || unit == "seconds") return 1e3;
  return name == "http.server.request.duration" ? 1e3
                                                : 1;  // the one that is in seconds by convention
}

}  // namespace

TelemetryBatch Translation::Translate(const std::vector<Resource>& resources, Instant now) {
  TelemetryBatch batch;
  for (const Resource& resource : resources) {
    for (const Metric& metric : resource.metrics) AddMetric(metric, resource.attributes, batch);
    for (const Span& span : resource.spans) AddSpan(span, resource.attributes, batch);
    for (const Log& log : resource.logs) AddLog(log, resource.attributes, now, batch);
  }
  return batch;
}

Translation::Keys Translation::KeysOf(const Attributes& own, const Attributes& resource,
                                      const std::string& name) const {
  Keys keys;
  keys.tenant = TenantId(Either(own, resource, {config_.tenant_attribute.c_str()}));
  if (keys.tenant.empty()) keys.tenant = TenantId(config_.default_tenant);
  std::string component = Either(own, resource, {"component"});
  if (component.empty()) component = Either(own, resource, {"service.name"});
  keys.component = ComponentId(component.empty() ? "unknown" : component);
  keys.operation = Find(own, {"operation", "http.route"});
  keys.operation_known = !keys.operation.empty();
  if (keys.operation.empty()) keys.operation = name;
  keys.version = Either(own, resource, {"ratchet.version", "service.version"});
  constexpr size_t kNameBytes = 200;  // as the store keeps them
  for (std::string* text :
       {&keys.tenant.value, &keys.component.value, &keys.operation, &keys.version})
    *text = Shorten(*text, kNameBytes);
  return keys;
}

void Translation::AddMetric(const Metric& metric, const Attributes& resource,
                            TelemetryBatch& batch) {
  const bool latency =
      std::ranges::find(config_.latency_metrics, metric.name) != config_.latency_metrics.end();
  const auto series_of = [&](const Attributes& attributes) {
    const Keys keys = KeysOf(attributes, resource, "");
    return SeriesKey{keys.tenant, keys.component, keys.operation, keys.version, metric.name};
  };
  const auto state_key = [&](const Attributes& attributes) {
    std::string key = metric.name;
    for (const Attributes* all : {&attributes, &resource}) {
      for (const auto& [name, value] : *all)
        key.append("\n").append(name).append("=").append(value);
    }
    constexpr size_t kKeyBytes = 400;  // 200,000 of them are remembered
    return key.size() > kKeyBytes ? Sha256Hex(key) : key;
  };
  for (NumberPoint point : metric.numbers) {
    const bool cumulative = metric.kind == MetricKind::kSum && metric.monotonic &&
                            metric.temporality == Temporality::kCumulative;
    if (cumulative && !cumulative_.Difference(state_key(point.attributes), point)) continue;
    Sample sample{.series = series_of(point.attributes), .time = point.time};
    sample.values.Add(point.value);
    batch.samples.push_back(std::move(sample));
  }
  for (HistogramPoint point : metric.histograms) {
    if (metric.temporality == Temporality::kCumulative &&
        !cumulative_.Difference(state_key(point.attributes), point))
      continue;
    if (latency) {
      const double factor = MillisecondsFactor(metric.unit, metric.name);
      point.sum *= factor;
      point.min *= factor;
      point.max *= factor;
      point.sum = std::max(point.sum, 0.0);  // a difference; below zero it says nothing
      for (double& bound : point.bounds) bound *= factor;
    }
    Sample sample{
        .series = series_of(point.attributes), .time = point.time, .values = SummaryOf(point)};
    if (latency) {
      sample.series.metric = kRequestLatency;
      if (SaysFailure(point.attributes)) sample.values.errors = sample.values.count;
    }
    if (sample.values.count > 0) batch.samples.push_back(std::move(sample));
  }
}

void Translation::AddSpan(const Span& span, const Attributes& resource,
                          TelemetryBatch& batch) const {
  const Keys keys = KeysOf(span.attributes, resource, span.name);
  SpanRecord record{.tenant = keys.tenant,
                    .component = keys.component,
                    .operation = keys.operation,
                    .version = keys.version,
                    .trace_id = span.trace_id,
                    .span_id = span.span_id,
                    .parent_id = span.parent_id,
                    .name = span.name,
                    .start = FromMillis(span.start_ns / 1'000'000)};
  record.duration_ms =
      std::clamp(static_cast<double>(span.end_ns - span.start_ns) / 1e6, 0.0, 8.64e7);
  constexpr int kServer = 2, kConsumer = 5, kError = 2;
  record.entry = span.kind == kServer || span.kind == kConsumer || span.parent_id.empty();
  record.operation_known = keys.operation_known;
  record.failed = span.status_code == kError || SaysFailure(span.attributes);
  record.statement = Find(span.attributes, {"db.query.text", "db.statement"});
  record.code = CodeOf(span.attributes);
  if (!record.entry) record.identity = IdentityOf(span);
  const std::string user = Find(span.attributes, {"enduser.id", "user.id"});
  if (!user.empty()) record.user = Sha256Hex(user).substr(0, 16);
  for (const SpanEvent& event : span.events) {
    if (event.name != "exception") continue;
    batch.logs.push_back({.tenant = keys.tenant,
                          .component = keys.component,
                          .operation = keys.operation,
                          .version = keys.version,
                          .span_id = span.span_id,
                          .time = event.time,
                          .level = LogLevel::kError,
                          .message = Find(event.attributes, {"exception.message"}),
                          .exception_type = Find(event.attributes, {"exception.type"}),
                          .stack_trace = Find(event.attributes, {"exception.stacktrace"}),
                          .code = CodeOf(event.attributes)});
  }
  batch.spans.push_back(std::move(record));
}

void Translation::AddLog(const Log& log, const Attributes& resource, Instant now,
                         TelemetryBatch& batch) const {
  const Keys keys = KeysOf(log.attributes, resource, "");
  constexpr int kWarn = 13, kErrorFrom = 17, kInfo = 9;
  LogRecord record{
      .tenant = keys.tenant,
      .component = keys.component,
      .operation = keys.operation,
      .version = keys.version,
      .span_id = log.span_id,
      .time = ToMillis(log.time) == 0 ? now : log.time,
      .message = log.body,
      .exception_type = Find(log.attributes, {"exception.type", "error.type"}),
      .stack_trace = Find(log.attributes, {"exception.stacktrace", "error.stack_trace"}),
      .code = CodeOf(log.attributes)};
  record.level = log.severity >= kErrorFrom ? LogLevel::kError
                 : log.severity >= kWarn    ? LogLevel::kWarning
                 : log.severity >= kInfo    ? LogLevel::kInfo
                                            : LogLevel::kDebug;
  const std::string message = Find(log.attributes, {"exception.message", "error.message"});
  if (!message.empty()) record.message = message;
  batch.logs.push_back(std::move(record));
}

}  // namespace ratchet::intake
