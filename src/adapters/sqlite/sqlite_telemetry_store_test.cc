#include "adapters/sqlite/sqlite_telemetry_store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "adapters/sqlite/sqlite_incident_store.h"
#include "adapters/sqlite/sqlite_series_reader.h"
#include "core/base/text.h"

namespace ratchet {
namespace {

const Instant kNow = FromMillis(1'700'000'040'000);

class FixedClock : public Clock {
 public:
  [[nodiscard]] Instant Now() const override { return kNow; }
};

class SqliteTelemetryStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "ratchet-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    Reopen();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Reopen(TelemetryLimits limits = {}) {
    store_.reset();
    store_ = std::move(*SqliteTelemetryStore::Open(folder_ + "/telemetry.db", limits, clock_));
    Read();
  }
  void Read() {
    series_ = std::make_unique<SqliteSeriesReader>(folder_ + "/telemetry.db", Duration(60'000));
    incidents_ = std::make_unique<SqliteIncidentStore>(folder_ + "/telemetry.db");
  }
  Result<std::vector<Point>> Points(const IncidentSelector& of) {
    std::vector<Point> points;
    TRY_STATUS(series_->Range(
        {.tenants = of.tenants, .window = of.window}, [&](const SeriesBuckets& buckets) {
          for (size_t i = 0; i < buckets.starts.size(); ++i)
            points.push_back({buckets.series, buckets.starts[i], buckets.values[i]});
        }));
    return points;
  }
  SpanRecord Span(const std::string& tenant, const std::string& trace, bool entry, double ms) {
    SpanRecord span;
    span.tenant = TenantId(tenant);
    span.component = ComponentId("shop");
    span.operation = entry ? "search" : "rank";
    span.name = entry ? "GET /search" : "rank";
    span.trace_id = trace;
    span.span_id = trace + (entry ? "e" : "c");
    span.parent_id = entry ? "" : trace + "e";
    span.entry = entry;
    span.start = kNow - Duration(1000);
    span.duration_ms = ms;
    return span;
  }
  IncidentSelector Everything(const std::string& tenant = "") {
    IncidentSelector query;
    if (!tenant.empty()) query.tenants = TenantFilter::Only({TenantId(tenant)});
    query.window = {kNow - Duration(3'600'000), kNow + Duration(60'000)};
    return query;
  }
  FixedClock clock_;
  std::string folder_;
  std::unique_ptr<SqliteTelemetryStore> store_;
  std::unique_ptr<SqliteSeriesReader> series_;
  std::unique_ptr<SqliteIncidentStore> incidents_;
};

TEST_F(SqliteTelemetryStoreTest, EntrySpansBecomeLatenciesAndMergeAcrossBatchesAndRestarts) {
  ASSERT_TRUE(store_->Write({.spans = {Span("a", "t1", true, 10)}}));
  Reopen();
  ASSERT_TRUE(store_->Write({.spans = {Span("a", "t2", true, 30)}}));
  const auto points = Points(Everything());
  ASSERT_EQ(points->size(), 1U);
  EXPECT_EQ(points->at(0).values.count, 2U);
  EXPECT_NEAR(points->at(0).values.mean(), 20, 1e-9);
  EXPECT_NEAR(points->at(0).values.sketch.Quantile(1.0), 30, 0.4);
}

TEST_F(SqliteTelemetryStoreTest, EveryReadIsFilteredByTenant) {
  LogRecord log{.tenant = TenantId("b"),
                .component = ComponentId("shop"),
                .time = kNow,
                .level = LogLevel::kError,
                .message = "x"};
  ASSERT_TRUE(store_->Write(
      {.logs = {log},
       .spans = {Span("b", "t1", true, 10), Span("b", "t1", false, 5)},
       .events = {{EventKind::kDeployment, TenantId("b"), ComponentId("shop"), kNow, "v2"}}}));
  EXPECT_TRUE(Points(Everything("a"))->empty());
  EXPECT_TRUE(incidents_->ErrorClusters(Everything("a"))->empty());
  EXPECT_TRUE(incidents_->CallShapes(Everything("a"))->empty());
  EXPECT_TRUE(incidents_->Events(Everything("a"))->empty());
  EXPECT_EQ(Points(Everything("b"))->size(), 1U);
  EXPECT_EQ(incidents_->ErrorClusters(Everything("b"))->size(), 1U);
  EXPECT_EQ(incidents_->CallShapes(Everything("b"))->size(), 1U);
  EXPECT_EQ(incidents_->Events(Everything("b"))->size(), 1U);
  EXPECT_EQ(incidents_->Counts(Everything("a"))->spans, 0U);
  EXPECT_EQ(incidents_->Counts(Everything("b"))->spans, 2U);
  EXPECT_EQ(incidents_->Counts(Everything("b"))->logs, 1U);
}

// As the first version wrote it, with one series and one error cluster.
constexpr const char* kFirstSchema = R"sql(
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
INSERT INTO series VALUES (7, 'a', 'shop', 'search', '', 'span.latency_ms');
INSERT INTO points VALUES (7, 1699999980000, 3, 1, 30, 10, 10, ?);
INSERT INTO clusters VALUES (5, 'a', 'shop', 'search', 'KeyError', 'x', 1699999980000, 1699999980000, 'a.py', 'f', 3, '["x"]');
INSERT INTO cluster_counts VALUES (5, 1699999980000, 2);
PRAGMA user_version = 1;
)sql";

TEST_F(SqliteTelemetryStoreTest, AFileOfTheFirstSchemaIsMigrated) {
  store_.reset();
  std::filesystem::remove(folder_ + "/telemetry.db");
  {
    const auto db = sqlite::Database::Open(folder_ + "/telemetry.db", sqlite::Synchronous::kNormal,
                                           sqlite::OpenMode::kReadWrite);
    QuantileSketch sketch;
    sketch.Add(10, 3);
    std::string hex;
    for (const unsigned char c : sketch.Encode()) hex += fmt::format("{:02x}", c);
    const auto filled = (*db)->Execute(ReplaceAll(kFirstSchema, "?", "x'" + hex + "'"));
    ASSERT_TRUE(filled) << filled.error().message;
  }
  auto opened = SqliteTelemetryStore::Open(folder_ + "/telemetry.db", {}, clock_);
  ASSERT_TRUE(opened) << opened.error().message;
  store_ = std::move(*opened);
  Read();
  ASSERT_EQ(Points(Everything("a"))->size(), 1U);
  EXPECT_EQ(Points(Everything("a"))->at(0).values.count, 3U);
  const auto latencies = series_->Aggregate(
      {.role = SeriesRole::kLatency, .window = Everything().window}, {.by = {SeriesPart::kMetric}});
  ASSERT_EQ(latencies->size(), 1U);
  ASSERT_EQ(incidents_->ErrorClusters(Everything("a"))->size(), 1U);
  EXPECT_EQ(incidents_->ErrorClusters(Everything("a"))->at(0).count, 2U);
  ASSERT_TRUE(store_->Write({.spans = {Span("a", "t2", true, 10)}}));  // of the same series
  EXPECT_EQ(incidents_->Counts(Everything("a"))->spans, 1U);
  EXPECT_EQ(series_->Aggregate({.window = Everything().window}, {})->at(0).values.count, 4U);
}

TEST_F(SqliteTelemetryStoreTest, CallsWaitForTheirRequestAndGetItsOperation) {
  ASSERT_TRUE(store_->Write({.spans = {Span("a", "t1", false, 5)}}));
  EXPECT_TRUE(incidents_->CallShapes(Everything())->empty());
  ASSERT_TRUE(store_->Write({.spans = {Span("a", "t1", true, 10)}}));
  const auto shapes = incidents_->CallShapes(Everything());
  ASSERT_EQ(shapes->size(), 1U);
  EXPECT_EQ(shapes->at(0).operation, "search");
}

TEST_F(SqliteTelemetryStoreTest, RepeatsAreCountedByIdentity) {
  TelemetryBatch batch;
  for (int i = 0; i < 6; ++i) {
    SpanRecord call = Span("a", "t" + std::to_string(i), false, 10);
    call.identity = i < 4 ? "same" : "other" + std::to_string(i);
    call.user = "u" + std::to_string(i % 2);
    call.operation_known = true;
    batch.spans.push_back(call);
  }
  ASSERT_TRUE(store_->Write(batch));
  const auto shapes = incidents_->CallShapes(Everything());
  ASSERT_EQ(shapes->size(), 1U);
  EXPECT_EQ(shapes->at(0).calls, 6U);
  EXPECT_EQ(shapes->at(0).repeats, 3U);
  EXPECT_EQ(shapes->at(0).parents, 6U);
  EXPECT_EQ(shapes->at(0).users, 2U);
  EXPECT_NEAR(shapes->at(0).repeat_ms, 30, 1e-9);
}

TEST_F(SqliteTelemetryStoreTest, ErrorsClusterByPatternAndOneFailureToldTwiceCountsOnce) {
  LogRecord log{.tenant = TenantId("a"),
                .component = ComponentId("shop"),
                .span_id = "s1",
                .time = kNow,
                .level = LogLevel::kError,
                .message = "user 17 is missing",
                .exception_type = "KeyError",
                .stack_trace = "Traceback one"};
  LogRecord again = log, other = log;
  other.span_id = "s2";
  other.message = "user 99 is missing";
  other.stack_trace = "Traceback two";
  ASSERT_TRUE(store_->Write({.logs = {log, again, other}}));
  const auto clusters = incidents_->ErrorClusters(Everything());
  ASSERT_EQ(clusters->size(), 1U);
  EXPECT_EQ(clusters->at(0).count, 2U);
  EXPECT_EQ(clusters->at(0).pattern, "user <*> is missing");
  EXPECT_EQ(clusters->at(0).examples.size(), 2U);
}

TEST_F(SqliteTelemetryStoreTest, TheSameErrorOfTwoVersionsIsTwoClusters) {
  LogRecord log{.tenant = TenantId("a"),
                .component = ComponentId("shop"),
                .version = "v1",
                .time = kNow,
                .level = LogLevel::kError,
                .message = "x"};
  LogRecord newer = log;
  newer.version = "v2";
  ASSERT_TRUE(store_->Write({.logs = {log, newer, newer}}));
  EXPECT_EQ(incidents_->ErrorClusters(Everything())->size(), 2U);
  IncidentSelector of_v2 = Everything();
  of_v2.version = "v2";
  const auto clusters = incidents_->ErrorClusters(of_v2);
  ASSERT_EQ(clusters->size(), 1U);
  EXPECT_EQ(clusters->at(0).version, "v2");
  EXPECT_EQ(clusters->at(0).count, 2U);
}

TEST_F(SqliteTelemetryStoreTest, WhatWasRefusedLeavesAGap) {
  const Window hour{kNow - Duration(3'600'000), kNow + Duration(1)};
  EXPECT_TRUE(store_->Refused(hour).empty());
  const DiskReserve none(folder_ + "/reserve");  // never held: the disk counts as full
  store_ = std::move(*SqliteTelemetryStore::Open(folder_ + "/telemetry.db", {}, clock_, &none));
  const auto refused = store_->Write({.spans = {Span("a", "t1", true, 10)}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  const auto gaps = store_->Refused(hour);
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].begin, kNow);
  EXPECT_EQ(gaps[0].end, hour.end);
}

// A batch that could not be written is sent again: it counts once, and nothing that waited is lost.
TEST_F(SqliteTelemetryStoreTest, ABatchThatFailedCountsWhenItIsSentAgain) {
  const auto db = sqlite::Database::Open(folder_ + "/telemetry.db", sqlite::Synchronous::kNormal,
                                         sqlite::OpenMode::kReadWrite);
  ASSERT_TRUE(store_->Write({.spans = {Span("a", "t0", false, 5)}}));  // waits for its request
  LogRecord log{.tenant = TenantId("a"),
                .component = ComponentId("shop"),
                .span_id = "s1",
                .time = kNow,
                .level = LogLevel::kError,
                .message = "user 7 is missing",
                .exception_type = "KeyError"};
  SpanRecord call = Span("a", "t1", false, 5);
  call.identity = "x";
  const TelemetryBatch batch{
      .logs = {log},
      .spans = {Span("a", "t0", true, 10), Span("a", "t1", true, 10), call},
      .events = {{EventKind::kDeployment, TenantId("a"), ComponentId("shop"), kNow, "v2"}}};
  ASSERT_TRUE((*db)->Execute(
      "CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'full'); END"));
  ASSERT_FALSE(store_->Write(batch));
  EXPECT_TRUE(Points(Everything())->empty());
  ASSERT_TRUE((*db)->Execute("DROP TRIGGER full"));
  ASSERT_TRUE(store_->Write(batch));
  ASSERT_EQ(incidents_->ErrorClusters(Everything())->size(), 1U);
  EXPECT_EQ(incidents_->ErrorClusters(Everything())->at(0).count, 1U);
  const auto shapes = incidents_->CallShapes(Everything());
  ASSERT_EQ(shapes->size(), 1U);
  EXPECT_EQ(shapes->at(0).calls, 2U);  // the one that waited, too
  EXPECT_EQ(shapes->at(0).repeats, 0U);
}

TEST_F(SqliteTelemetryStoreTest, WhatIsOverALimitIsDroppedAndCounted) {
  Reopen({.series_max = 1});
  const auto report =
      store_->Write({.spans = {Span("a", "t1", true, 1), Span("b", "t2", true, 1)}});
  EXPECT_EQ(report->accepted, 1U);
  EXPECT_EQ(report->dropped, 1U);
  EXPECT_FALSE(report->drop_reason.empty());
  SpanRecord old = Span("a", "t3", true, 1);
  old.start = kNow - Duration(30LL * 86'400'000);
  EXPECT_EQ(store_->Write({.spans = {old}})->dropped, 1U);
}

// One sender that nobody configured fills what it may; what is configured still finds room.
TEST_F(SqliteTelemetryStoreTest, WhatIsConfiguredHasPriority) {
  Reopen({.series_max = 20,
          .clusters_max = 20,
          .shapes_max = 20,
          .configured = {{ComponentId("shop"), {TenantId("a")}}}});
  TelemetryBatch flood;
  for (int i = 0; i < 30; ++i) {
    const std::string name = "n" + std::to_string(i);
    SpanRecord request = Span("evil", name, true, 1), call = Span("evil", name, false, 1);
    request.operation = call.name = name;
    call.operation_known = true;
    flood.spans.insert(flood.spans.end(), {request, call});
    flood.logs.push_back({.tenant = TenantId("evil"),
                          .component = ComponentId("nobody"),
                          .time = kNow,
                          .level = LogLevel::kError,
                          .exception_type = name});
  }
  const auto report = store_->Write(flood);
  EXPECT_EQ(report->accepted, 6U);
  EXPECT_EQ(report->dropped, 84U);
  EXPECT_EQ(report->dropped_by, (std::map<std::string, std::uint64_t>{
                                    {"clusters", 28}, {"series", 28}, {"shapes", 28}}));
  Reopen({.series_max = 20,
          .clusters_max = 20,
          .shapes_max = 20,
          .configured = {{ComponentId("shop"), {TenantId("a")}}}});
  EXPECT_EQ(store_->Write(flood)->accepted, 6U);  // what is known goes on
  TelemetryBatch own{.spans = {Span("a", "t1", true, 1), Span("a", "t1", false, 1)}};
  own.logs = {flood.logs[0]};
  own.logs[0].tenant = TenantId("a");
  own.logs[0].component = ComponentId("shop");
  EXPECT_EQ(store_->Write(own)->dropped, 0U);
  EXPECT_EQ(Points(Everything("a"))->size(), 1U);
  EXPECT_EQ(incidents_->ErrorClusters(Everything("a"))->size(), 1U);
  EXPECT_EQ(incidents_->CallShapes(Everything("a"))->size(), 1U);
}

TEST_F(SqliteTelemetryStoreTest, NobodyIsToldOfWhatOthersSentEarlier) {
  Reopen({.shapes_max = 1});
  SpanRecord known = Span("a", "t0", false, 1);
  known.operation_known = true;
  ASSERT_TRUE(store_->Write({.spans = {known, Span("b", "t1", false, 1)}}));  // t1 waits
  const auto report = store_->Write({.spans = {Span("b", "t1", true, 1)}});
  EXPECT_EQ(report->dropped, 0U);
  EXPECT_EQ(report->dropped_by.at("shapes"), 1U);
}

TEST_F(SqliteTelemetryStoreTest, CountsNeverBecomeNegative) {
  Sample sample{.series = {TenantId("a"), ComponentId("shop"), "x", "", "m"}, .time = kNow};
  sample.values.Add(1e300, Summary::kCountMax - 1);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(store_->Write({.samples = {sample}}));
    Reopen();
  }
  const auto points = Points(Everything());
  ASSERT_EQ(points->size(), 1U);
  EXPECT_EQ(points->at(0).values.count, Summary::kCountMax);
  EXPECT_TRUE(std::isfinite(points->at(0).values.sum));
  EXPECT_LE(points->at(0).values.sketch.count(), Summary::kCountMax);
}

TEST_F(SqliteTelemetryStoreTest, RetentionRemovesWhatIsOld) {
  ASSERT_TRUE(store_->Write({.spans = {Span("a", "t1", true, 1)}}));
  EXPECT_GT(*store_->Expire(kNow + Duration(9LL * 86'400'000)), 0U);
  EXPECT_TRUE(Points(Everything())->empty());
  ASSERT_TRUE(store_->Write({.spans = {Span("a", "t1", true, 1)}}));
  EXPECT_EQ(Points(Everything())->size(), 1U);
}

TEST_F(SqliteTelemetryStoreTest, RetentionKeepsWhatIsYoungOfEverySeries) {
  TelemetryBatch batch;
  for (int series = 0; series < 700; ++series) {  // more than go in one piece
    for (const int minutes : {0, 30, 59}) {
      Sample sample{.series = {TenantId("a"), ComponentId("shop"), std::to_string(series), "", "m"},
                    .time = kNow - Duration(minutes * 60'000)};
      sample.values.Add(1);
      batch.samples.push_back(sample);
    }
  }
  Reopen({.retention = Duration(3'600'000)});
  ASSERT_TRUE(store_->Write(batch));
  EXPECT_EQ(*store_->Expire(kNow + Duration(3'600'000 - 600'000)), 1400U);
  EXPECT_EQ(Points(Everything())->size(), 700U);
}

}  // namespace
}  // namespace ratchet
