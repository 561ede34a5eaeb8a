#include "adapters/sqlite/sqlite_telemetry_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/analysis/log_pattern.h"
#include "core/base/text.h"

namespace ratchet {
namespace {

using sqlite::Database;
using sqlite::Query;

constexpr size_t kNameBytes = 200;  // longer names are cut
constexpr size_t kExamplesMax = 3;  // stack traces kept a cluster
constexpr size_t kExampleBytes = 8000;
constexpr size_t kCacheMax = 50'000;
constexpr size_t kOrphansMax = 20'000;
constexpr size_t kTenantsMax = 2'000;  // counted by themselves

constexpr const char* kSchema[] = {R"sql(
CREATE TABLE series (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, component TEXT NOT NULL, operation TEXT NOT NULL,
  version TEXT NOT NULL, metric TEXT NOT NULL, UNIQUE (tenant, component, operation, version, metric));
CREATE TABLE points (series INTEGER NOT NULL, start INTEGER NOT NULL, count INTEGER NOT NULL, errors INTEGER NOT NULL,
  sum REAL NOT NULL, min REAL NOT NULL, max REAL NOT NULL, sketch BLOB NOT NULL, PRIMARY KEY (series, start)) WITHOUT ROWID;
CREATE TABLE clusters (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, component TEXT NOT NULL, operation TEXT NOT NULL,
  type TEXT NOT NULL, pattern TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, file TEXT NOT NULL,
  function TEXT NOT NULL, line INTEGER NOT NULL, examples TEXT NOT NULL, UNIQUE (tenant, component, type, pattern));
CREATE TABLE cluster_counts (cluster INTEGER NOT NULL, start INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (cluster, start)) WITHOUT ROWID;
CREATE TABLE shapes (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, component TEXT NOT NULL, operation TEXT NOT NULL,
  name TEXT NOT NULL, statement TEXT NOT NULL, file TEXT NOT NULL, function TEXT NOT NULL, line INTEGER NOT NULL,
  UNIQUE (tenant, component, operation, name, statement));
CREATE TABLE shape_counts (shape INTEGER NOT NULL, start INTEGER NOT NULL, calls INTEGER NOT NULL, total_ms REAL NOT NULL,
  repeats INTEGER NOT NULL, repeat_ms REAL NOT NULL, parents INTEGER NOT NULL, PRIMARY KEY (shape, start)) WITHOUT ROWID;
CREATE TABLE shape_users (shape INTEGER NOT NULL, user TEXT NOT NULL, last_seen INTEGER NOT NULL,
  PRIMARY KEY (shape, user)) WITHOUT ROWID;
CREATE TABLE events (time INTEGER NOT NULL, kind INTEGER NOT NULL, tenant TEXT NOT NULL, component TEXT NOT NULL, description TEXT NOT NULL);
CREATE TABLE arrivals (start INTEGER PRIMARY KEY, metrics INTEGER NOT NULL, logs INTEGER NOT NULL, events INTEGER NOT NULL, spans INTEGER NOT NULL);
)sql",
                                   R"sql(
DROP TABLE arrivals;
CREATE TABLE arrivals (start INTEGER NOT NULL, tenant TEXT NOT NULL, metrics INTEGER NOT NULL, logs INTEGER NOT NULL,
  events INTEGER NOT NULL, spans INTEGER NOT NULL, PRIMARY KEY (start, tenant)) WITHOUT ROWID;
)sql"};

std::string Cut(const std::string& name) {
  return name.size() <= kNameBytes ? name : Shorten(name, kNameBytes);
}

// "AND tenant IN (?, ?)" and so on; the values follow in the same order.
struct Where {
  std::string sql;
  std::vector<std::string> values;
};

Where Conditions(const TelemetryQuery& query, bool with_metrics) {
  Where where;
  const auto in = [&](const char* column, const std::vector<std::string>& values) {
    where.sql += fmt::format(" AND {} IN (", column);
    for (size_t i = 0; i < values.size(); ++i) where.sql += i == 0 ? "?" : ", ?";
    where.sql += ")";
    where.values.insert(where.values.end(), values.begin(), values.end());
  };
  if (const auto& tenants = query.tenants.tenants()) {
    std::vector<std::string> names;
    for (const TenantId& tenant : *tenants) names.push_back(tenant.value);
    in("tenant", names);
  }
  if (query.component) in("component", {query.component->value});
  if (query.operation) in("operation", {*query.operation});
  if (with_metrics && !query.metrics.empty()) in("metric", query.metrics);
  return where;
}

Query& Bind(Query& query, const Where& where) {
  for (const std::string& value : where.values) query.Text(value);
  return query;
}

}  // namespace

Result<std::unique_ptr<SqliteTelemetryStore>> SqliteTelemetryStore::Open(
    const std::string& path, const TelemetryLimits& limits, const Clock& clock,
    const DiskReserve* reserve) {
  TRY(auto db, Database::Open(path, sqlite::Synchronous::kNormal, sqlite::OpenMode::kReadWrite));
  std::unique_ptr<SqliteTelemetryStore> store(
      new SqliteTelemetryStore(std::move(db), limits, clock, reserve));
  const auto opened = [&]() -> Status {
    TRY_STATUS(store->db_->Migrate(kSchema));
    return store->LoadSeries();
  }();
  if (!opened) return std::unexpected(opened.error().Within("open telemetry " + path));
  return store;
}

Status SqliteTelemetryStore::LoadSeries() {
  series_.clear();
  TRY(Query query,
      db_->Prepare("SELECT id, tenant, component, operation, version, metric FROM series"));
  while (true) {
    TRY(const bool row, query.Next());
    if (!row) return {};
    series_[{TenantId(query.TextAt(1)), ComponentId(query.TextAt(2)), query.TextAt(3),
             query.TextAt(4), query.TextAt(5)}] = query.IntAt(0);
  }
}

std::int64_t SqliteTelemetryStore::BucketOf(Instant t) const {
  const std::int64_t step = limits_.resolution.count();
  return ToMillis(t) / step * step;
}

bool SqliteTelemetryStore::Acceptable(Instant t, WriteReport& report) const {
  const Instant now = clock_.Now();
  const bool fits = t <= now + limits_.future_max && t >= now - limits_.retention;
  if (!fits) {
    ++report.dropped;
    report.drop_reason = fmt::format(
        "a time stamp ({}) is older than the retention or in the future", FormatInstant(t));
  }
  return fits;
}

Result<WriteReport> SqliteTelemetryStore::Write(const TelemetryBatch& batch) {
  if (reserve_ != nullptr && !reserve_->held())
    return Fail(ErrorCode::kResourceExhausted, "the disk is full: telemetry is refused");
  const std::scoped_lock lock(mutex_);
  WriteReport report;
  Database::Scope scope(*db_);
  TRY_STATUS(scope.Begin());
  auto written = WriteAll(batch, report);
  if (written) written = scope.Commit();
  if (!written) {
    points_.clear();  // the cache may know more than the disk now
    series_.clear();
    shapes_.clear();
    touched_.clear();
    return std::unexpected(written.error());
  }
  return report;
}

Status SqliteTelemetryStore::WriteAll(const TelemetryBatch& batch, WriteReport& report) {
  touched_.clear();
  for (const Sample& sample : batch.samples) {
    if (Acceptable(sample.time, report))
      TRY_STATUS(AddPoint(sample.series, sample.time, sample.values, report));
  }
  TRY_STATUS(AddSpans(batch.spans, report));
  for (const LogRecord& log : batch.logs) {
    if (Acceptable(log.time, report)) TRY_STATUS(AddLog(log, report));
  }
  for (const Event& event : batch.events) {
    if (!Acceptable(event.time, report)) continue;
    TRY(Query query, db_->Prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?)"));
    TRY_STATUS(query.Int(ToMillis(event.time))
                   .Int(static_cast<int>(event.kind))
                   .Text(event.tenant.value)
                   .Text(event.component.value)
                   .Text(Shorten(event.description, 2000))
                   .Run());
    ++report.accepted;
  }
  for (const auto& key : touched_) {
    const Summary& values = points_.at(key);
    TRY(Query query, db_->Prepare("INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
    TRY_STATUS(query.Int(key.first)
                   .Int(key.second)
                   .Int(static_cast<std::int64_t>(values.count))
                   .Int(static_cast<std::int64_t>(values.errors))
                   .Real(values.sum)
                   .Real(values.min)
                   .Real(values.max)
                   .Blob(values.sketch.Encode())
                   .Run());
  }
  if (points_.size() > kCacheMax) points_.clear();
  return CountArrivals(batch);
}

Status SqliteTelemetryStore::CountArrivals(const TelemetryBatch& batch) {
  const std::int64_t start = BucketOf(clock_.Now());
  std::map<TenantId, TelemetryCounts> arrived;
  // Beyond the limit tenants are counted together, for whoever may see all.
  const auto of = [&](const TenantId& tenant) -> TelemetryCounts& {
    if (counted_tenants_.size() < kTenantsMax) counted_tenants_.insert(tenant);
    return arrived[counted_tenants_.contains(tenant) ? tenant : TenantId()];
  };
  for (const Sample& sample : batch.samples) ++of(sample.series.tenant).metrics;
  for (const LogRecord& log : batch.logs) ++of(log.tenant).logs;
  for (const Event& event : batch.events) ++of(event.tenant).events;
  for (const SpanRecord& span : batch.spans) ++of(span.tenant).spans;
  const auto number = [](std::uint64_t count) { return static_cast<std::int64_t>(count); };
  for (const auto& [tenant, counts] : arrived) {
    TRY(Query query,
        db_->Prepare("INSERT INTO arrivals VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT "
                     "(start, tenant) DO UPDATE SET metrics = metrics + ?3, "
                     "logs = logs + ?4, events = events + ?5, spans = spans + ?6"));
    TRY_STATUS(query.Int(start)
                   .Text(tenant.value)
                   .Int(number(counts.metrics))
                   .Int(number(counts.logs))
                   .Int(number(counts.events))
                   .Int(number(counts.spans))
                   .Run());
  }
  return {};
}

// --- Points -------------------------------------------------------------------------------------

Result<std::int64_t> SqliteTelemetryStore::SeriesId(const SeriesKey& series) {
  const auto at = series_.find(series);
  if (at != series_.end()) return at->second;
  if (series_.size() >= limits_.series_max) {
    return Fail(ErrorCode::kResourceExhausted,
                fmt::format("there are {} series already", limits_.series_max));
  }
  TRY(Query insert, db_->Prepare("INSERT OR IGNORE INTO series (tenant, component, operation, "
                                 "version, metric) VALUES (?, ?, ?, ?, ?)"));
  TRY_STATUS(insert.Text(series.tenant.value)
                 .Text(series.component.value)
                 .Text(series.operation)
                 .Text(series.version)
                 .Text(series.metric)
                 .Run());
  TRY(Query select, db_->Prepare("SELECT id FROM series WHERE tenant = ? AND component = ? AND "
                                 "operation = ? AND version = ? AND metric = ?"));
  select.Text(series.tenant.value)
      .Text(series.component.value)
      .Text(series.operation)
      .Text(series.version)
      .Text(series.metric);
  TRY(const bool row, select.Next());
  if (!row) return Fail(ErrorCode::kInternal, "a series that was written is not there");
  return series_[series] = select.IntAt(0);
}

Result<Summary*> SqliteTelemetryStore::LoadPoint(std::int64_t series, std::int64_t start) {
  const auto at = points_.find({series, start});
  if (at != points_.end()) return &at->second;
  Summary& values = points_[{series, start}];
  TRY(Query query, db_->Prepare("SELECT count, errors, sum, min, max, sketch FROM points WHERE "
                                "series = ? AND start = ?"));
  query.Int(series).Int(start);
  TRY(const bool row, query.Next());
  if (row) {
    values.count = static_cast<std::uint64_t>(query.IntAt(0));
    values.errors = static_cast<std::uint64_t>(query.IntAt(1));
    values.sum = query.RealAt(2);
    values.min = query.RealAt(3);
    values.max = query.RealAt(4);
    TRY(values.sketch, QuantileSketch::Decode(query.BlobAt(5)));
  }
  return &values;
}

Status SqliteTelemetryStore::AddPoint(const SeriesKey& series, Instant time, const Summary& values,
                                      WriteReport& report) {
  SeriesKey key = series;
  for (std::string* name :
       {&key.tenant.value, &key.component.value, &key.operation, &key.version, &key.metric})
    *name = Cut(*name);
  const auto id = SeriesId(key);
  if (!id) {
    if (id.error().code != ErrorCode::kResourceExhausted) return std::unexpected(id.error());
    ++report.dropped;
    report.drop_reason = id.error().message;
    return {};
  }
  const std::int64_t start = BucketOf(time);
  TRY(Summary * point, LoadPoint(*id, start));
  point->Merge(values);
  touched_.insert({*id, start});
  ++report.accepted;
  return {};
}

Result<std::vector<Point>> SqliteTelemetryStore::Points(const TelemetryQuery& query) {
  const std::scoped_lock lock(mutex_);
  const Where where = Conditions(query, true);
  TRY(Query rows,
      db_->Prepare("SELECT tenant, component, operation, version, metric, start, count, errors, "
                   "sum, min, max, sketch FROM points "
                   "JOIN series ON series.id = points.series WHERE start >= ? AND start < ?" +
                   where.sql + " ORDER BY series, start"));
  rows.Int(ToMillis(query.window.begin)).Int(ToMillis(query.window.end));
  Bind(rows, where);
  std::vector<Point> points;
  while (true) {
    TRY(const bool row, rows.Next());
    if (!row) return points;
    Point point{.series = {TenantId(rows.TextAt(0)), ComponentId(rows.TextAt(1)), rows.TextAt(2),
                           rows.TextAt(3), rows.TextAt(4)},
                .start = FromMillis(rows.IntAt(5))};
    point.values.count = static_cast<std::uint64_t>(rows.IntAt(6));
    point.values.errors = static_cast<std::uint64_t>(rows.IntAt(7));
    point.values.sum = rows.RealAt(8);
    point.values.min = rows.RealAt(9);
    point.values.max = rows.RealAt(10);
    TRY(point.values.sketch, QuantileSketch::Decode(rows.BlobAt(11)));
    points.push_back(std::move(point));
  }
}

// --- Error clusters -----------------------------------------------------------------------------

Status SqliteTelemetryStore::AddLog(const LogRecord& log, WriteReport& report) {
  ++report.accepted;
  if (log.level != LogLevel::kError) return {};
  const std::string type = log.exception_type.empty() ? "error" : Cut(log.exception_type);
  const bool told = !log.span_id.empty() &&
                    exceptions_.SeenBefore(log.span_id + "\n" + type, log.time, Duration(60'000));
  if (told) return {};
  const std::string pattern = analysis::MaskVariables(log.message);
  TRY(Query find, db_->Prepare("SELECT id, examples FROM clusters WHERE tenant = ? AND component = "
                               "? AND type = ? AND pattern = ?"));
  find.Text(log.tenant.value).Text(log.component.value).Text(type).Text(pattern);
  TRY(const bool known, find.Next());
  std::int64_t id = 0;
  const std::string example =
      Shorten(log.stack_trace.empty() ? log.message : log.stack_trace, kExampleBytes);
  if (known) {
    id = find.IntAt(0);
    auto examples = nlohmann::json::parse(find.TextAt(1), nullptr, false);
    const bool room = examples.is_array() && examples.size() < kExamplesMax &&
                      std::ranges::find(examples, nlohmann::json(example)) == examples.end();
    if (room) examples.push_back(example);
    TRY(Query update,
        db_->Prepare(
            "UPDATE clusters SET last_seen = max(last_seen, ?), examples = ? WHERE id = ?"));
    TRY_STATUS(update.Int(ToMillis(log.time))
                   .Text(examples.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))
                   .Int(id)
                   .Run());
  } else {
    TRY(Query count, db_->Prepare("SELECT count(*), coalesce(max(id), 0) + 1 FROM clusters"));
    TRY(const bool row, count.Next());
    if (row && static_cast<size_t>(count.IntAt(0)) >= limits_.clusters_max) {
      ++report.dropped;
      report.drop_reason = fmt::format("there are {} error clusters already", limits_.clusters_max);
      return {};
    }
    id = count.IntAt(1);
    TRY(Query insert,
        db_->Prepare("INSERT INTO clusters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    TRY_STATUS(insert.Int(id)
                   .Text(log.tenant.value)
                   .Text(log.component.value)
                   .Text(Cut(log.operation))
                   .Text(type)
                   .Text(pattern)
                   .Int(ToMillis(log.time))
                   .Int(ToMillis(log.time))
                   .Text(log.code.file)
                   .Text(log.code.function)
                   .Int(log.code.line)
                   .Text(nlohmann::json::array({example}).dump(
                       -1, ' ', false, nlohmann::json::error_handler_t::replace))
                   .Run());
  }
  TRY(Query bump, db_->Prepare("INSERT INTO cluster_counts VALUES (?, ?, 1) ON CONFLICT (cluster, "
                               "start) DO UPDATE SET count = count + 1"));
  return bump.Int(id).Int(BucketOf(log.time)).Run();
}

Result<std::vector<ErrorCluster>> SqliteTelemetryStore::ErrorClusters(const TelemetryQuery& query) {
  const std::scoped_lock lock(mutex_);
  const Where where = Conditions(query, false);
  TRY(Query rows,
      db_->Prepare("SELECT tenant, component, operation, type, pattern, sum(count), first_seen, "
                   "last_seen, file, function, line, examples "
                   "FROM clusters JOIN cluster_counts ON cluster = clusters.id WHERE start >= ? "
                   "AND start < ?" +
                   where.sql + " GROUP BY clusters.id ORDER BY sum(count) DESC, clusters.id"));
  rows.Int(ToMillis(query.window.begin)).Int(ToMillis(query.window.end));
  Bind(rows, where);
  std::vector<ErrorCluster> clusters;
  while (true) {
    TRY(const bool row, rows.Next());
    if (!row) return clusters;
    ErrorCluster cluster{
        .tenant = TenantId(rows.TextAt(0)),
        .component = ComponentId(rows.TextAt(1)),
        .operation = rows.TextAt(2),
        .exception_type = rows.TextAt(3),
        .pattern = rows.TextAt(4),
        .count = static_cast<std::uint64_t>(rows.IntAt(5)),
        .first_seen = FromMillis(rows.IntAt(6)),
        .last_seen = FromMillis(rows.IntAt(7)),
        .code = {rows.TextAt(8), rows.TextAt(9), static_cast<int>(rows.IntAt(10))}};
    const auto examples = nlohmann::json::parse(rows.TextAt(11), nullptr, false);
    if (examples.is_array()) {
      for (const auto& example : examples) cluster.examples.push_back(example.get<std::string>());
    }
    clusters.push_back(std::move(cluster));
  }
}

// --- Spans --------------------------------------------------------------------------------------

Status SqliteTelemetryStore::AddSpans(const std::vector<SpanRecord>& spans, WriteReport& report) {
  for (const SpanRecord& span : spans) {
    if (!span.entry || !Acceptable(span.start, report)) continue;
    Summary value;
    value.Add(span.duration_ms, 1, span.failed ? 1 : 0);
    const auto end = span.start + Duration(static_cast<std::int64_t>(span.duration_ms));
    TRY_STATUS(AddPoint({span.tenant, span.component, span.operation, span.version, kSpanLatency},
                        end, value, report));
    if (operations_.emplace(span.trace_id, span.operation).second)
      operations_order_.push_back(span.trace_id);
    if (operations_order_.size() > kOrphansMax) {
      operations_.erase(operations_order_.front());
      operations_order_.pop_front();
    }
  }
  // Calls end before the request that they belong to and may arrive earlier: they wait for it.
  std::deque<SpanRecord> waiting = std::exchange(orphans_, {});
  for (const SpanRecord& span : spans) {
    if (!span.entry && Acceptable(span.start, report)) waiting.push_back(span);
  }
  for (SpanRecord& span : waiting) {
    if (!span.operation_known) {
      const auto at = operations_.find(span.trace_id);
      const bool may_come = clock_.Now() - span.start < Duration(60'000);
      if (at == operations_.end() && may_come && orphans_.size() < kOrphansMax) {
        orphans_.push_back(std::move(span));
        continue;
      }
      if (at != operations_.end()) span.operation = at->second;
    }
    TRY_STATUS(AddCall(span, report));
  }
  return {};
}

Result<std::int64_t> SqliteTelemetryStore::ShapeId(const SpanRecord& span,
                                                   const std::string& statement) {
  const std::string key =
      Join({span.tenant.value, span.component.value, span.operation, span.name, statement}, "\n");
  const auto at = shapes_.find(key);
  if (at != shapes_.end()) return at->second;
  TRY(Query count, db_->Prepare("SELECT count(*) FROM shapes"));
  TRY(const bool row, count.Next());
  if (row && static_cast<size_t>(count.IntAt(0)) >= limits_.shapes_max) {
    return Fail(ErrorCode::kResourceExhausted,
                fmt::format("there are {} call shapes already", limits_.shapes_max));
  }
  TRY(Query insert, db_->Prepare("INSERT OR IGNORE INTO shapes (tenant, component, operation, "
                                 "name, statement, file, function, line) "
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
  TRY(Query select, db_->Prepare("SELECT id FROM shapes WHERE tenant = ? AND component = ? AND "
                                 "operation = ? AND name = ? AND statement = ?"));
  select.Text(span.tenant.value)
      .Text(span.component.value)
      .Text(Cut(span.operation))
      .Text(Cut(span.name))
      .Text(statement);
  TRY(const bool found, select.Next());
  if (!found) return Fail(ErrorCode::kInternal, "a call shape that was written is not there");
  if (shapes_.size() > kCacheMax) shapes_.clear();
  return shapes_[key] = select.IntAt(0);
}

Status SqliteTelemetryStore::AddCall(const SpanRecord& span, WriteReport& report) {
  ++report.accepted;
  const std::string statement = analysis::StatementShape(span.statement);
  const auto id = ShapeId(span, statement);
  if (!id) {
    if (id.error().code != ErrorCode::kResourceExhausted) return std::unexpected(id.error());
    ++report.dropped;
    report.drop_reason = id.error().message;
    return {};
  }
  const std::string shape = std::to_string(*id);
  const bool repeat =
      !span.identity.empty() &&
      repeats_.SeenBefore(shape + "/" + span.identity, span.start, CallShape::kRepeatWindow);
  const bool new_parent = !parents_.SeenBefore(shape + "/" + span.trace_id + "/" + span.parent_id,
                                               span.start, Duration(600'000));
  TRY(Query bump, db_->Prepare("INSERT INTO shape_counts VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6) ON "
                               "CONFLICT (shape, start) DO UPDATE SET calls = calls + 1, "
                               "total_ms = total_ms + ?3, repeats = repeats + ?4, repeat_ms = "
                               "repeat_ms + ?5, parents = parents + ?6"));
  TRY_STATUS(bump.Int(*id)
                 .Int(BucketOf(span.start))
                 .Real(span.duration_ms)
                 .Int(repeat ? 1 : 0)
                 .Real(repeat ? span.duration_ms : 0)
                 .Int(new_parent ? 1 : 0)
                 .Run());
  if (span.user.empty() || shape_users_[*id] >= limits_.users_a_shape_max) return {};
  TRY(Query user, db_->Prepare("INSERT INTO shape_users VALUES (?1, ?2, ?3) ON CONFLICT (shape, "
                               "user) DO UPDATE SET last_seen = ?3"));
  ++shape_users_[*id];  // an upper bound: the same user may be counted twice, and only the limit is
                        // reached sooner
  return user.Int(*id).Text(span.user).Int(ToMillis(span.start)).Run();
}

Result<std::vector<CallShape>> SqliteTelemetryStore::CallShapes(const TelemetryQuery& query) {
  const std::scoped_lock lock(mutex_);
  const Where where = Conditions(query, false);
  TRY(Query rows,
      db_->Prepare("SELECT tenant, component, operation, name, statement, file, function, line, "
                   "sum(calls), sum(total_ms), sum(repeats), "
                   "sum(repeat_ms), sum(parents), (SELECT count(*) FROM shape_users u WHERE "
                   "u.shape = shapes.id AND last_seen >= ? AND "
                   "last_seen < ?) FROM shapes JOIN shape_counts ON shape = shapes.id WHERE start "
                   ">= ? AND start < ?" +
                   where.sql + " GROUP BY shapes.id ORDER BY sum(total_ms) DESC, shapes.id"));
  for (int i = 0; i < 2; ++i)
    rows.Int(ToMillis(query.window.begin)).Int(ToMillis(query.window.end));
  Bind(rows, where);
  std::vector<CallShape> shapes;
  const auto number = [&](int column) { return static_cast<std::uint64_t>(rows.IntAt(column)); };
  while (true) {
    TRY(const bool row, rows.Next());
    if (!row) return shapes;
    shapes.push_back({.tenant = TenantId(rows.TextAt(0)),
                      .component = ComponentId(rows.TextAt(1)),
                      .operation = rows.TextAt(2),
                      .name = rows.TextAt(3),
                      .statement = rows.TextAt(4),
                      .code = {rows.TextAt(5), rows.TextAt(6), static_cast<int>(rows.IntAt(7))},
                      .calls = number(8),
                      .total_ms = rows.RealAt(9),
                      .repeats = number(10),
                      .repeat_ms = rows.RealAt(11),
                      .parents = number(12),
                      .users = number(13)});
  }
}

// --- Events, counts, retention ------------------------------------------------------------------

Result<std::vector<Event>> SqliteTelemetryStore::Events(const TelemetryQuery& query) {
  const std::scoped_lock lock(mutex_);
  TelemetryQuery own = query;
  own.operation.reset();
  const Where where = Conditions(own, false);
  TRY(Query rows, db_->Prepare("SELECT kind, tenant, component, time, description FROM events "
                               "WHERE time >= ? AND time < ?" +
                               where.sql + " ORDER BY time"));
  rows.Int(ToMillis(query.window.begin)).Int(ToMillis(query.window.end));
  Bind(rows, where);
  std::vector<Event> events;
  while (true) {
    TRY(const bool row, rows.Next());
    if (!row) return events;
    events.push_back({static_cast<EventKind>(rows.IntAt(0)), TenantId(rows.TextAt(1)),
                      ComponentId(rows.TextAt(2)), FromMillis(rows.IntAt(3)), rows.TextAt(4)});
  }
}

Result<TelemetryCounts> SqliteTelemetryStore::Counts(const TelemetryQuery& query) {
  const std::scoped_lock lock(mutex_);
  const Where where = Conditions({.tenants = query.tenants}, false);
  TRY(Query rows, db_->Prepare("SELECT coalesce(sum(metrics), 0), coalesce(sum(logs), 0), "
                               "coalesce(sum(events), 0), coalesce(sum(spans), 0) "
                               "FROM arrivals WHERE start >= ? AND start < ?" +
                               where.sql));
  rows.Int(ToMillis(query.window.begin)).Int(ToMillis(query.window.end));
  Bind(rows, where);
  TRY(const bool row, rows.Next());
  const auto number = [&](int column) {
    return row ? static_cast<std::uint64_t>(rows.IntAt(column)) : 0;
  };
  return TelemetryCounts{number(0), number(1), number(2), number(3)};
}

Result<std::uint64_t> SqliteTelemetryStore::Expire(Instant now) {
  const std::scoped_lock lock(mutex_);
  const std::int64_t oldest = ToMillis(now - limits_.retention);
  std::uint64_t removed = 0;
  for (const char* sql :
       {"DELETE FROM points WHERE start < ?", "DELETE FROM cluster_counts WHERE start < ?",
        "DELETE FROM shape_counts WHERE start < ?", "DELETE FROM shape_users WHERE last_seen < ?",
        "DELETE FROM events WHERE time < ?", "DELETE FROM arrivals WHERE start < ?",
        "DELETE FROM clusters WHERE last_seen < ?"}) {
    TRY(Query query, db_->Prepare(sql));
    TRY_STATUS(query.Int(oldest).Run());
    TRY(Query changes, db_->Prepare("SELECT changes()"));
    TRY(const bool row, changes.Next());
    if (row) removed += static_cast<std::uint64_t>(changes.IntAt(0));
  }
  TRY_STATUS(db_->Execute(
      "DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM points WHERE series = series.id)"));
  TRY_STATUS(db_->Execute(
      "DELETE FROM shapes WHERE NOT EXISTS (SELECT 1 FROM shape_counts WHERE shape = shapes.id)"));
  points_.clear();
  shapes_.clear();
  shape_users_.clear();
  TRY_STATUS(LoadSeries());
  return removed;
}

}  // namespace ratchet
