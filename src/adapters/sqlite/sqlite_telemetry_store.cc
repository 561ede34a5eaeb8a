#include "adapters/sqlite/sqlite_telemetry_store.h"

#include <fmt/format.h>

#include "adapters/sqlite/telemetry_sql.h"
#include "core/base/text.h"
#include "core/intake/roles.h"

namespace ratchet {
namespace {

using sqlite::Cut;
using sqlite::Database;
using sqlite::kCacheMax;
using sqlite::Query;

constexpr size_t kTenantsMax = 2'000;  // counted by themselves

constexpr const char* kSchema[] = {
    R"sql(
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
)sql",
    // Series have labels and a role (NULL: not decided yet), clusters
    // a version; what is looked at is found by its component.
    R"sql(
CREATE TABLE labelled (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, component TEXT NOT NULL, operation TEXT NOT NULL,
  version TEXT NOT NULL, metric TEXT NOT NULL, labels TEXT NOT NULL, role INTEGER,
  UNIQUE (component, metric, operation, tenant, version, labels));
INSERT INTO labelled SELECT id, tenant, component, operation, version, metric, '{}', NULL FROM series;
DROP TABLE series;
ALTER TABLE labelled RENAME TO series;
CREATE TABLE versioned (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, component TEXT NOT NULL, version TEXT NOT NULL,
  operation TEXT NOT NULL, type TEXT NOT NULL, pattern TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
  file TEXT NOT NULL, function TEXT NOT NULL, line INTEGER NOT NULL, examples TEXT NOT NULL,
  UNIQUE (component, tenant, version, type, pattern));
INSERT INTO versioned SELECT id, tenant, component, '', operation, type, pattern, first_seen, last_seen, file, function,
  line, examples FROM clusters;
DROP TABLE clusters;
ALTER TABLE versioned RENAME TO clusters;
CREATE INDEX shapes_of_component ON shapes (component, tenant);
CREATE INDEX events_by_time ON events (time);
CREATE TABLE cursors (source TEXT PRIMARY KEY, cursor TEXT NOT NULL) WITHOUT ROWID;
)sql"};

}  // namespace

Result<std::unique_ptr<SqliteTelemetryStore>> SqliteTelemetryStore::Open(
    const std::string& path, const TelemetryLimits& limits, const Clock& clock,
    const DiskReserve* reserve) {
  TRY(auto db, Database::Open(path, sqlite::Synchronous::kNormal, sqlite::OpenMode::kReadWrite));
  std::unique_ptr<SqliteTelemetryStore> store(
      new SqliteTelemetryStore(std::move(db), limits, clock, reserve));
  const auto opened = [&]() -> Status {
    TRY_STATUS(store->db_->Migrate(kSchema));
    TRY_STATUS(store->DecideRoles());
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
  TRY(Query query, db_->Prepare("SELECT id, tenant, component, operation, version, metric, labels "
                                "FROM series"));
  while (true) {
    TRY(const bool row, query.Next());
    if (!row) return {};
    SeriesKey series{TenantId(query.TextAt(1)), ComponentId(query.TextAt(2)), query.TextAt(3),
                     query.TextAt(4), query.TextAt(5)};
    TRY(series.labels, sqlite::LabelsOf(query.TextAt(6)));
    series_[std::move(series)] = query.IntAt(0);
  }
}

// Of series that an earlier version wrote.
Status SqliteTelemetryStore::DecideRoles() {
  std::set<std::string> metrics;
  {
    TRY(Query query, db_->Prepare("SELECT DISTINCT metric FROM series WHERE role IS NULL"));
    while (true) {
      TRY(const bool row, query.Next());
      if (!row) break;
      metrics.insert(query.TextAt(0));
    }
  }
  for (const std::string& metric : metrics) {
    TRY(Query update, db_->Prepare("UPDATE series SET role = ? WHERE metric = ? AND role IS NULL"));
    TRY_STATUS(update.Int(static_cast<int>(intake::RoleOf(metric))).Text(metric).Run());
  }
  return {};
}

Status SqliteTelemetryStore::LoadShare(const std::string& table, intake::FairShare& share) {
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
  const std::scoped_lock lock(mutex_);
  auto report = WriteLocked(batch);
  report ? refused_.Kept(clock_.Now()) : refused_.Refused(clock_.Now());
  return report;
}

std::vector<Window> SqliteTelemetryStore::Refused(Window window) const {
  const std::scoped_lock lock(mutex_);
  return refused_.Within(window);
}

Result<WriteReport> SqliteTelemetryStore::WriteLocked(const TelemetryBatch& batch) {
  if (reserve_ != nullptr && !reserve_->held())
    return Fail(ErrorCode::kResourceExhausted, "the disk is full: telemetry is refused");
  WriteReport report;
  calls_.Begin();
  failures_.Begin();
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
    calls_.Undo();
    failures_.Undo();
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
  if (batch.cursor) TRY_STATUS(KeepCursor(*batch.cursor));
  return CountArrivals(batch);
}

Status SqliteTelemetryStore::KeepCursor(const SourceCursor& cursor) {
  TRY(Query query, db_->Prepare("INSERT OR REPLACE INTO cursors VALUES (?, ?)"));
  return query.Text(cursor.source).Text(cursor.cursor).Run();
}

Result<std::string> SqliteTelemetryStore::CursorOf(const std::string& source) {
  const std::scoped_lock lock(mutex_);
  TRY(Query query, db_->Prepare("SELECT cursor FROM cursors WHERE source = ?"));
  query.Text(source);
  TRY(const bool row, query.Next());
  return row ? query.TextAt(0) : std::string();
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
  const std::string labels = sqlite::LabelsText(series.labels);
  TRY(Query insert, db_->Prepare("INSERT OR IGNORE INTO series (tenant, component, operation, "
                                 "version, metric, labels, role) VALUES (?, ?, ?, ?, ?, ?, ?)"));
  TRY_STATUS(insert.Text(series.tenant.value)
                 .Text(series.component.value)
                 .Text(series.operation)
                 .Text(series.version)
                 .Text(series.metric)
                 .Text(labels)
                 .Int(static_cast<int>(intake::RoleOf(series.metric)))
                 .Run());
  TRY(Query select, db_->Prepare("SELECT id FROM series WHERE component = ? AND metric = ? AND "
                                 "operation = ? AND tenant = ? AND version = ? AND labels = ?"));
  select.Text(series.component.value)
      .Text(series.metric)
      .Text(series.operation)
      .Text(series.tenant.value)
      .Text(series.version)
      .Text(labels);
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
  for (auto& [name, value] : key.labels) value = Cut(value);
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

}  // namespace ratchet
