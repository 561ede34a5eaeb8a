#include "adapters/sqlite/sqlite_telemetry_store.h"

#include <fmt/format.h>

#include "adapters/sqlite/telemetry_sql.h"
#include "core/base/text.h"

namespace ratchet {
namespace {

using sqlite::Conditions;
using sqlite::Cut;
using sqlite::Database;
using sqlite::kCacheMax;
using sqlite::Query;
using sqlite::Where;

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

}  // namespace

Result<std::unique_ptr<SqliteTelemetryStore>> SqliteTelemetryStore::Open(
    const std::string& path, const TelemetryLimits& limits, const Clock& clock,
    const DiskReserve* reserve) {
  TRY(auto db, Database::Open(path, sqlite::Synchronous::kNormal, sqlite::OpenMode::kReadWrite));
  std::unique_ptr<SqliteTelemetryStore> store(
      new SqliteTelemetryStore(path, std::move(db), limits, clock, reserve));
  const auto opened = [&]() -> Status {
    TRY_STATUS(store->db_->Migrate(kSchema));
    return store->LoadSeries();
  }();
  if (!opened) return std::unexpected(opened.error().Within("open telemetry " + path));
  return store;
}

Status SqliteTelemetryStore::LoadSeries() {
  series_.clear();
  TRY_STATUS(LoadShare("series", series_share_));
  TRY_STATUS(LoadShare("clusters", clusters_share_));
  TRY_STATUS(LoadShare("shapes", shapes_share_));
  TRY(Query query,
      db_->Prepare("SELECT id, tenant, component, operation, version, metric FROM series"));
  while (true) {
    TRY(const bool row, query.Next());
    if (!row) return {};
    series_[{TenantId(query.TextAt(1)), ComponentId(query.TextAt(2)), query.TextAt(3),
             query.TextAt(4), query.TextAt(5)}] = query.IntAt(0);
  }
}

Status SqliteTelemetryStore::LoadShare(const std::string& table, FairShare& share) {
  share.Clear();
  TRY(Query query, db_->Prepare("SELECT tenant, component, count(*) FROM " + table +
                                " GROUP BY tenant, component"));
  while (true) {
    TRY(const bool row, query.Next());
    if (!row) return {};
    share.Add(TenantId(query.TextAt(0)), ComponentId(query.TextAt(1)),
              static_cast<size_t>(query.IntAt(2)));
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
    report.Drop("time",
                fmt::format("a time stamp ({}) is older than the retention or in the future",
                            FormatInstant(t)));
  }
  return fits;
}

Result<WriteReport> SqliteTelemetryStore::Write(const TelemetryBatch& batch) {
  if (reserve_ != nullptr && !reserve_->held())
    return Fail(ErrorCode::kResourceExhausted, "the disk is full: telemetry is refused");
  const std::scoped_lock lock(mutex_);
  WriteReport report;
  const auto orphans = orphans_;
  for (RepeatTracker* tracker : {&repeats_, &exceptions_, &parents_}) tracker->Begin();
  const auto written = [&]() -> Status {
    Database::Scope scope(*db_);
    TRY_STATUS(scope.Begin());
    TRY_STATUS(WriteAll(batch, report));
    return scope.Commit();
  }();
  if (!written) {
    // Memory may know more than the disk now. The batch will be sent again, and counts then.
    points_.clear();
    shapes_.clear();
    touched_.clear();
    orphans_ = orphans;
    for (RepeatTracker* tracker : {&repeats_, &exceptions_, &parents_}) tracker->Undo();
    TRY_STATUS(LoadSeries());
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
  TRY_STATUS(series_share_.Room(series.tenant, series.component));
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
  series_share_.Add(series.tenant, series.component);
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
    report.Drop("series", id.error().message);
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
  std::vector<Point> points;
  TRY_STATUS(ReadPoints(*db_, query, [&](Point point) { points.push_back(std::move(point)); }));
  return points;
}

// On a connection of its own: what is being written meanwhile waits for nobody.
Status SqliteTelemetryStore::VisitPoints(const TelemetryQuery& query,
                                         const std::function<void(const Point&)>& visit) {
  TRY(const auto reader,
      Database::Open(path_, sqlite::Synchronous::kNormal, sqlite::OpenMode::kReadOnly));
  return ReadPoints(*reader, query, visit);
}

Status SqliteTelemetryStore::ReadPoints(Database& db, const TelemetryQuery& query,
                                        const std::function<void(Point)>& visit) {
  const Where where = Conditions(query, true);
  TRY(Query rows,
      db.Prepare("SELECT tenant, component, operation, version, metric, start, count, errors, "
                 "sum, min, max, sketch FROM points "
                 "JOIN series ON series.id = points.series WHERE start >= ? AND start < ?" +
                 where.sql + " ORDER BY series, start"));
  rows.Int(ToMillis(query.window.begin)).Int(ToMillis(query.window.end));
  Bind(rows, where);
  while (true) {
    TRY(const bool row, rows.Next());
    if (!row) return {};
    Point point{.series = {TenantId(rows.TextAt(0)), ComponentId(rows.TextAt(1)), rows.TextAt(2),
                           rows.TextAt(3), rows.TextAt(4)},
                .start = FromMillis(rows.IntAt(5))};
    point.values.count = static_cast<std::uint64_t>(rows.IntAt(6));
    point.values.errors = static_cast<std::uint64_t>(rows.IntAt(7));
    point.values.sum = rows.RealAt(8);
    point.values.min = rows.RealAt(9);
    point.values.max = rows.RealAt(10);
    TRY(point.values.sketch, QuantileSketch::Decode(rows.BlobAt(11)));
    visit(std::move(point));
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
