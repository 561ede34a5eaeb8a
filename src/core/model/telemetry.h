#pragma once
// Telemetry as it arrives (samples, log records, spans, events) and as it is kept (points,
// error clusters, call shapes).

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/stats/summary.h"

namespace ratchet {

// Where a piece of code was at work, from `code.*` attributes or a stack trace.
struct CodeLocation {
  std::string file;      // as reported; may be absolute on another machine
  std::string function;  // may carry a class or module prefix
  int line = 0;          // 1-based; 0 when unknown
  auto operator<=>(const CodeLocation&) const = default;
};

using Labels = std::map<std::string, std::string>;

struct SeriesKey {
  TenantId tenant;
  ComponentId component;
  std::string operation;  // "" = the whole component
  std::string version;    // "" = not reported
  std::string metric;
  Labels labels;  // what else tells series of one metric apart
  auto operator<=>(const SeriesKey&) const = default;
};

// What a metric is about, whatever its name. Persisted by number.
enum class SeriesRole {
  kOther,
  kLatency,
  kRequests,
  kErrors,
  kUtilisation,
  kCacheHits,
  kCacheMisses,
  kQueue
};

// Request latency in milliseconds, one value a request, with failures counted in Summary::errors.
inline constexpr const char* kSpanLatency = "span.latency_ms";        // from entry spans
inline constexpr const char* kRequestLatency = "request.latency_ms";  // from reported histograms

struct Sample {
  SeriesKey series;
  Instant time;
  Summary values;  // one value for a gauge, many for a histogram
};

enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogRecord {
  TenantId tenant;
  ComponentId component;
  std::string operation;
  std::string version;
  std::string span_id;  // of the request it belongs to, if known
  Instant time;
  LogLevel level = LogLevel::kInfo;
  std::string message;
  std::string exception_type;  // "" when it is not about an exception
  std::string stack_trace;
  CodeLocation code;
};

struct SpanRecord {
  TenantId tenant;
  ComponentId component;
  std::string operation;
  std::string version;
  std::string trace_id, span_id, parent_id;
  std::string name;
  Instant start;
  double duration_ms = 0;
  bool operation_known = false;  // false: `operation` is only the span's own name
  bool entry = false;            // the component's answer to a request from outside
  bool failed = false;
  std::string identity;   // hash of name and arguments: equal for identical calls; "" if unknown
  std::string statement;  // database statement with its literals masked, if any
  std::string user;       // hash of the user, if reported
  CodeLocation code;
};

enum class EventKind { kAlarm, kDeployment, kCompletion };
struct Event {
  EventKind kind = EventKind::kDeployment;
  TenantId tenant;
  ComponentId component;
  Instant time;
  std::string description;
};

// How far a source that is asked for telemetry has been read.
struct SourceCursor {
  std::string source;
  std::string cursor;  // the source's own words
};

struct TelemetryBatch {
  std::vector<Sample> samples;
  std::vector<LogRecord> logs;
  std::vector<SpanRecord> spans;
  std::vector<Event> events;
  std::optional<SourceCursor> cursor;  // behind all of these
};

struct TelemetryCounts {
  std::uint64_t metrics = 0;
  std::uint64_t logs = 0;
  std::uint64_t events = 0;
  std::uint64_t spans = 0;
};

// One bucket of one series.
struct Point {
  SeriesKey series;
  Instant start;
  Summary values;
};

// Failures that are the same failure: component, version, exception type, and message with its
// variable parts masked.
struct ErrorCluster {
  TenantId tenant;
  ComponentId component;
  std::string version;  // "" = not reported
  std::string operation;
  std::string exception_type;
  std::string pattern;
  std::uint64_t count = 0;  // within the window that was asked for
  Instant first_seen, last_seen;
  std::vector<std::string> examples;  // stack traces, at most three
  CodeLocation code;
};

// All calls of one span name within one operation, and what a cache would have saved of them.
struct CallShape {
  TenantId tenant;
  ComponentId component;
  std::string operation;
  std::string name;
  std::string statement;
  CodeLocation code;
  std::uint64_t calls = 0;
  double total_ms = 0;
  std::uint64_t repeats = 0;  // the same identity was seen within CallShape::kRepeatWindow before
  double repeat_ms = 0;       // time spent in those
  std::uint64_t parents = 0;  // how many requests contained at least one
  std::uint64_t users = 0;    // distinct users, 0 when not reported

  static constexpr Duration kRepeatWindow{300'000};
};

}  // namespace ratchet
