#include "adapters/sqlite/sqlite_telemetry_store.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

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
  TelemetryQuery Everything(const std::string& tenant = "") {
    TelemetryQuery query;
    if (!tenant.empty()) query.tenants = TenantFilter::Only({TenantId(tenant)});
    query.window = {kNow - Duration(3'600'000), kNow + Duration(60'000)};
    return query;
  }
  FixedClock clock_;
  std::string folder_;
  std::unique_ptr<SqliteTelemetryStore> store_;
};

TEST_F(SqliteTelemetryStoreTest, EntrySpansBecomeLatenciesAndMergeAcrossBatchesAndRestarts) {
  ASSERT_TRUE(store_->Write({.spans = {Span("a", "t1", true, 10)}}));
  Reopen();
  ASSERT_TRUE(store_->Write({.spans = {Span("a", "t2", true, 30)}}));
  const auto points = store_->Points(Everything());
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
  EXPECT_TRUE(store_->Points(Everything("a"))->empty());
  EXPECT_TRUE(store_->ErrorClusters(Everything("a"))->empty());
  EXPECT_TRUE(store_->CallShapes(Everything("a"))->empty());
  EXPECT_TRUE(store_->Events(Everything("a"))->empty());
  EXPECT_EQ(store_->Points(Everything("b"))->size(), 1U);
  EXPECT_EQ(store_->ErrorClusters(Everything("b"))->size(), 1U);
  EXPECT_EQ(store_->CallShapes(Everything("b"))->size(), 1U);
  EXPECT_EQ(store_->Events(Everything("b"))->size(), 1U);
  EXPECT_EQ(store_->Counts(Everything("a"))->spans, 0U);
  EXPECT_EQ(store_->Counts(Everything("b"))->spans, 2U);
  EXPECT_EQ(store_->Counts(Everything("b"))->logs, 1U);
}

TEST_F(SqliteTelemetryStoreTest, AFileOfTheFirstSchemaIsMigrated) {
  ASSERT_TRUE(store_->Write({.spans = {Span("a", "t1", true, 10)}}));
  store_.reset();
  {
    const auto db = sqlite::Database::Open(folder_ + "/telemetry.db", sqlite::Synchronous::kNormal,
                                           sqlite::OpenMode::kReadWrite);
    ASSERT_TRUE((*db)->Execute(
        "DROP TABLE arrivals; CREATE TABLE arrivals (start INTEGER PRIMARY KEY, metrics INTEGER, "
        "logs INTEGER, events INTEGER, spans INTEGER); PRAGMA user_version = 1"));
  }
  auto opened = SqliteTelemetryStore::Open(folder_ + "/telemetry.db", {}, clock_);
  ASSERT_TRUE(opened) << opened.error().message;
  store_ = std::move(*opened);
  EXPECT_EQ(store_->Points(Everything("a"))->size(), 1U);
  ASSERT_TRUE(store_->Write({.spans = {Span("a", "t2", true, 10)}}));
  EXPECT_EQ(store_->Counts(Everything("a"))->spans, 1U);
}

TEST_F(SqliteTelemetryStoreTest, CallsWaitForTheirRequestAndGetItsOperation) {
  ASSERT_TRUE(store_->Write({.spans = {Span("a", "t1", false, 5)}}));
  EXPECT_TRUE(store_->CallShapes(Everything())->empty());
  ASSERT_TRUE(store_->Write({.spans = {Span("a", "t1", true, 10)}}));
  const auto shapes = store_->CallShapes(Everything());
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
  const auto shapes = store_->CallShapes(Everything());
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
  const auto clusters = store_->ErrorClusters(Everything());
  ASSERT_EQ(clusters->size(), 1U);
  EXPECT_EQ(clusters->at(0).count, 2U);
  EXPECT_EQ(clusters->at(0).pattern, "user <*> is missing");
  EXPECT_EQ(clusters->at(0).examples.size(), 2U);
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
  EXPECT_TRUE(store_->Points(Everything())->empty());
  ASSERT_TRUE((*db)->Execute("DROP TRIGGER full"));
  ASSERT_TRUE(store_->Write(batch));
  ASSERT_EQ(store_->ErrorClusters(Everything())->size(), 1U);
  EXPECT_EQ(store_->ErrorClusters(Everything())->at(0).count, 1U);
  const auto shapes = store_->CallShapes(Everything());
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
  EXPECT_EQ(store_->Points(Everything("a"))->size(), 1U);
  EXPECT_EQ(store_->ErrorClusters(Everything("a"))->size(), 1U);
  EXPECT_EQ(store_->CallShapes(Everything("a"))->size(), 1U);
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
  const auto points = store_->Points(Everything());
  ASSERT_EQ(points->size(), 1U);
  EXPECT_EQ(points->at(0).values.count, Summary::kCountMax);
  EXPECT_TRUE(std::isfinite(points->at(0).values.sum));
  EXPECT_LE(points->at(0).values.sketch.count(), Summary::kCountMax);
}

TEST_F(SqliteTelemetryStoreTest, RetentionRemovesWhatIsOld) {
  ASSERT_TRUE(store_->Write({.spans = {Span("a", "t1", true, 1)}}));
  EXPECT_GT(*store_->Expire(kNow + Duration(9LL * 86'400'000)), 0U);
  EXPECT_TRUE(store_->Points(Everything())->empty());
  ASSERT_TRUE(store_->Write({.spans = {Span("a", "t1", true, 1)}}));
  EXPECT_EQ(store_->Points(Everything())->size(), 1U);
}

}  // namespace
}  // namespace ratchet
