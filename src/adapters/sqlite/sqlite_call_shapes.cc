// The telemetry store's spans: latency of requests, and calls by shape with their repeats.

#include "adapters/sqlite/sqlite_telemetry_store.h"
#include "adapters/sqlite/telemetry_sql.h"
#include "core/base/text.h"

namespace ratchet {
namespace {

using sqlite::Cut;
using sqlite::kCacheMax;
using sqlite::Query;

}  // namespace

Status SqliteTelemetryStore::AddSpans(const std::vector<SpanRecord>& spans, WriteReport& report) {
  for (const SpanRecord& span : spans) {
    if (!span.entry || !Acceptable(span.start, report)) continue;
    Summary value;
    value.Add(span.duration_ms, 1, span.failed ? 1 : 0);
    const auto end = span.start + Duration(static_cast<std::int64_t>(span.duration_ms));
    TRY_STATUS(AddPoint({span.tenant, span.component, span.operation, span.version, kSpanLatency},
                        end, value, report));
    calls_.NoteRequest(span);
  }
  std::vector<const SpanRecord*> calls;
  for (const SpanRecord& span : spans) {
    if (!span.entry && Acceptable(span.start, report)) calls.push_back(&span);
  }
  WriteReport earlier;  // whose senders have their answer
  for (const intake::Call& call : calls_.Take(calls, clock_.Now()))
    TRY_STATUS(AddCall(call, call.waited ? earlier : report));
  for (const auto& [limit, count] : earlier.dropped_by) report.dropped_by[limit] += count;
  return {};
}

Result<std::int64_t> SqliteTelemetryStore::ShapeId(const SpanRecord& span,
                                                   const std::string& statement) {
  const std::string key =
      Join({span.tenant.value, span.component.value, span.operation, span.name, statement}, "\n");
  const auto at = shapes_.find(key);
  if (at != shapes_.end()) return at->second;
  TRY(std::int64_t id, FindShape(span, statement));
  if (id == 0) {
    TRY_STATUS(AddShape(span, statement));
    TRY(id, FindShape(span, statement));
    if (id == 0) return Fail(ErrorCode::kInternal, "a call shape that was written is not there");
  }
  if (shapes_.size() > kCacheMax) shapes_.clear();
  return shapes_[key] = id;
}

Result<std::int64_t> SqliteTelemetryStore::FindShape(const SpanRecord& span,
                                                     const std::string& statement) {
  TRY(Query select, db_->Prepare("SELECT id FROM shapes WHERE tenant = ? AND component = ? AND "
                                 "operation = ? AND name = ? AND statement = ?"));
  select.Text(span.tenant.value)
      .Text(span.component.value)
      .Text(Cut(span.operation))
      .Text(Cut(span.name))
      .Text(statement);
  TRY(const bool found, select.Next());
  return found ? select.IntAt(0) : 0;
}

Status SqliteTelemetryStore::AddShape(const SpanRecord& span, const std::string& statement) {
  TRY_STATUS(shapes_share_.Room(span.tenant, span.component));
  TRY(Query insert, db_->Prepare("INSERT INTO shapes (tenant, component, operation, name, "
                                 "statement, file, function, line) "
                                 "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  TRY_STATUS(insert.Text(span.tenant.value)
                 .Text(span.component.value)
                 .Text(Cut(span.operation))
                 .Text(Cut(span.name))
                 .Text(statement)
                 .Text(span.code.file)
                 .Text(span.code.function)
                 .Int(span.code.line)
                 .Run());
  shapes_share_.Add(span.tenant, span.component);
  return {};
}

Status SqliteTelemetryStore::AddCall(const intake::Call& call, WriteReport& report) {
  const SpanRecord& span = call.span;
  const auto id = ShapeId(span, call.statement);
  if (!id) {
    if (id.error().code != ErrorCode::kResourceExhausted) return std::unexpected(id.error());
    report.Drop("shapes", id.error().message);
    return {};
  }
  ++report.accepted;
  TRY(Query bump, db_->Prepare("INSERT INTO shape_counts VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6) ON "
                               "CONFLICT (shape, start) DO UPDATE SET calls = calls + 1, "
                               "total_ms = total_ms + ?3, repeats = repeats + ?4, repeat_ms = "
                               "repeat_ms + ?5, parents = parents + ?6"));
  TRY_STATUS(bump.Int(*id)
                 .Int(BucketOf(span.start))
                 .Real(span.duration_ms)
                 .Int(call.repeat ? 1 : 0)
                 .Real(call.repeat ? span.duration_ms : 0)
                 .Int(call.first ? 1 : 0)
                 .Run());
  if (span.user.empty() || shape_users_[*id] >= limits_.users_a_shape_max) return {};
  TRY(Query user, db_->Prepare("INSERT INTO shape_users VALUES (?1, ?2, ?3) ON CONFLICT (shape, "
                               "user) DO UPDATE SET last_seen = ?3"));
  ++shape_users_[*id];  // an upper bound: the same user may be counted twice, and only the limit is
                        // reached sooner
  return user.Int(*id).Text(span.user).Int(ToMillis(span.start)).Run();
}

}  // namespace ratchet
