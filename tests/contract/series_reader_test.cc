// The contract of SeriesReader, asked of the real one on SQLite and of the simulation's.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "adapters/sqlite/sqlite_series_reader.h"
#include "adapters/sqlite/sqlite_telemetry_store.h"
#include "tests/sim/memory_series.h"

namespace ratchet {
namespace {

const Instant kStart = FromMillis(1'700'000'040'000);  // of a minute
constexpr Duration kMinute{60'000};

class FixedClock : public Clock {
 public:
  [[nodiscard]] Instant Now() const override { return kStart + kMinute * 10; }
};

Sample Of(const SeriesKey& series, int minute, double value, std::uint64_t count,
          std::uint64_t errors = 0) {
  Sample sample{.series = series, .time = kStart + kMinute * minute};
  sample.values.Add(value, count, errors);
  return sample;
}

SeriesKey Series(const char* tenant, const char* component, const char* operation,
                 const char* version, const char* metric, Labels labels = {}) {
  return {TenantId(tenant), ComponentId(component), operation, version, metric, std::move(labels)};
}

// Two tenants of a shop in two versions; another component; a gauge with labels.
std::vector<Sample> Telemetry() {
  const SeriesKey search = Series("a", "shop", "search", "v1", kSpanLatency);
  const SeriesKey newer = Series("a", "shop", "search", "v2", kSpanLatency);
  const SeriesKey theirs = Series("b", "shop", "search", "v1", kSpanLatency);
  return {Of(search, 0, 10, 4),
          Of(search, 1, 20, 4, 1),
          Of(search, 5, 10, 2),
          Of(newer, 1, 40, 2, 2),
          Of(theirs, 1, 100, 8),
          Of(Series("a", "shop", "pay", "v1", kSpanLatency), 1, 5, 1),
          Of(Series("a", "mail", "send", "", kSpanLatency), 1, 7, 3),
          Of(Series("a", "shop", "", "v1", "cpu.utilization", {{"host", "one"}}), 1, 0.5, 1),
          Of(Series("a", "shop", "", "v1", "cpu.utilization", {{"host", "two"}, {"zone", "x"}}), 1,
             0.9, 1)};
}

struct Made {
  std::string folder;
  std::unique_ptr<SeriesReader> reader;
};

Made OnSqlite() {
  std::string pattern = (std::filesystem::temp_directory_path() / "ratchet-XXXXXX").string();
  Made made{.folder = mkdtemp(pattern.data())};
  const std::string path = made.folder + "/telemetry.db";
  const FixedClock clock;
  const auto store = SqliteTelemetryStore::Open(path, {}, clock);
  EXPECT_TRUE((*store)->Write({.samples = Telemetry()}));
  made.reader = std::make_unique<SqliteSeriesReader>(path, kMinute);
  return made;
}

Made InMemory() {
  const auto all = [](const SeriesSelector&) -> Result<std::vector<Point>> {
    std::vector<Point> points;
    for (const Sample& sample : Telemetry())
      points.push_back({sample.series, sample.time, sample.values});
    return points;
  };
  return {.reader = std::make_unique<sim::MemorySeries>(all, kMinute)};
}

class SeriesReaderTest : public ::testing::TestWithParam<Made (*)()> {
 protected:
  void SetUp() override { made_ = GetParam()(); }
  void TearDown() override {
    made_.reader.reset();
    if (!made_.folder.empty()) std::filesystem::remove_all(made_.folder);
  }
  // How many values a selector finds.
  std::uint64_t Count(SeriesSelector selector) {
    if (selector.window.length() == Duration(0)) selector.window = all_;
    const auto points = made_.reader->Aggregate(selector, {});
    return !points || points->empty() ? 0 : points->at(0).values.count;
  }
  Window all_{kStart, kStart + kMinute * 10};
  Made made_;
};

TEST_P(SeriesReaderTest, EachPartOfTheSelectorSelects) {
  EXPECT_EQ(Count({}), 26U);
  EXPECT_EQ(Count({.tenants = TenantFilter::Only({TenantId("b")})}), 8U);
  EXPECT_EQ(Count({.tenants = TenantFilter::Only({})}), 0U);
  EXPECT_EQ(Count({.component = ComponentId("mail")}), 3U);
  EXPECT_EQ(Count({.operation = "pay"}), 1U);
  EXPECT_EQ(Count({.version = "v2"}), 2U);
  EXPECT_EQ(Count({.version = ""}), 3U);
  EXPECT_EQ(Count({.role = SeriesRole::kLatency}), 24U);
  EXPECT_EQ(Count({.role = SeriesRole::kUtilisation}), 2U);
  EXPECT_EQ(Count({.metrics = {"cpu.utilization", "none"}}), 2U);
  EXPECT_EQ(Count({.labels = {{"host", "one"}}}), 1U);
  EXPECT_EQ(Count({.labels = {{"host", "two"}, {"zone", "x"}}}), 1U);
  EXPECT_EQ(Count({.labels = {{"host", "one"}, {"zone", "x"}}}), 0U);
  EXPECT_EQ(Count({.component = ComponentId("shop"), .version = "v1", .metrics = {kSpanLatency}}),
            19U);
}

TEST_P(SeriesReaderTest, TheWindowIsHalfOpen) {
  EXPECT_EQ(Count({.operation = "search", .window = {kStart + kMinute, kStart + kMinute * 5}}),
            14U);
  EXPECT_EQ(Count({.operation = "search", .window = {kStart + kMinute * 5, kStart + kMinute * 6}}),
            2U);
  EXPECT_EQ(Count({.window = {kStart + kMinute * 6, kStart + kMinute * 9}}), 0U);
}

TEST_P(SeriesReaderTest, AggregatesAreMergedOverEveryPartThatIsNotGroupedBy) {
  const auto points = made_.reader->Aggregate(
      {.component = ComponentId("shop"), .metrics = {kSpanLatency}, .window = all_},
      {.by = {SeriesPart::kOperation, SeriesPart::kVersion}});
  ASSERT_TRUE(points);
  ASSERT_EQ(points->size(), 3U);
  EXPECT_EQ(points->at(0).series, Series("", "", "pay", "v1", ""));
  const Point& search = points->at(1);
  EXPECT_EQ(search.series, Series("", "", "search", "v1", ""));
  EXPECT_EQ(search.start, kStart);
  EXPECT_EQ(search.values.count, 18U);
  EXPECT_EQ(search.values.errors, 1U);
  EXPECT_DOUBLE_EQ(search.values.sum, 40 + 80 + 20 + 800);
  EXPECT_DOUBLE_EQ(search.values.min, 10);
  EXPECT_DOUBLE_EQ(search.values.max, 100);
  EXPECT_NEAR(search.values.sketch.Quantile(0.5), 20, 0.4);
  EXPECT_EQ(points->at(2).series.version, "v2");
}

TEST_P(SeriesReaderTest, AStepKeepsTimesApart) {
  const auto points =
      made_.reader->Aggregate({.operation = "search", .version = "v1", .window = all_},
                              {.by = {SeriesPart::kTenant}, .step = kMinute * 2});
  ASSERT_TRUE(points);
  ASSERT_EQ(points->size(), 3U);
  EXPECT_EQ(points->at(0).start, kStart);
  EXPECT_EQ(points->at(0).values.count, 8U);
  EXPECT_EQ(points->at(1).start, kStart + kMinute * 5);
  EXPECT_EQ(points->at(1).values.count, 2U);
  EXPECT_EQ(points->at(2).series.tenant, TenantId("b"));
  EXPECT_EQ(points->at(2).start, kStart + kMinute);
}

TEST_P(SeriesReaderTest, AGateTellsOnlyWhatFires) {
  const SeriesSelector requests{.metrics = {kSpanLatency}, .window = all_};
  const Grouping by{.by = {SeriesPart::kComponent, SeriesPart::kVersion}};
  const auto fires = [&](const GateRule& rule) {
    std::string fired;
    const auto firings = made_.reader->Gate(requests, by, rule);
    EXPECT_TRUE(firings);
    for (const Firing& firing : *firings)
      fired += firing.group.component.value + firing.group.version + " ";
    return fired;
  };
  EXPECT_EQ(fires({.measure = Measure::kErrorRate, .limit = 0.5}), "shopv2 ");
  EXPECT_EQ(fires({.measure = Measure::kErrorRate, .limit = 0.05}), "shopv1 shopv2 ");
  EXPECT_EQ(fires({.measure = Measure::kErrorRate, .limit = 0.05, .count_min = 3}), "shopv1 ");
  EXPECT_EQ(fires({.measure = Measure::kMean, .limit = 39}), "shopv1 shopv2 ");
  EXPECT_EQ(fires({.measure = Measure::kMax, .limit = 40}), "shopv1 ");
  EXPECT_EQ(fires({.measure = Measure::kCount, .side = Side::kBelow, .limit = 3}), "shopv2 ");
  const auto mail = made_.reader->Gate(
      requests, by, {.measure = Measure::kMean, .side = Side::kBelow, .limit = 8});
  ASSERT_EQ(mail->size(), 1U);
  EXPECT_EQ(mail->at(0).group, Series("", "mail", "", "", ""));
  EXPECT_DOUBLE_EQ(mail->at(0).value, 7);
  EXPECT_EQ(mail->at(0).count, 3U);
}

TEST_P(SeriesReaderTest, ARangeHasEveryBucketOfEachSeriesInOrder) {
  std::vector<SeriesBuckets> all;
  ASSERT_TRUE(made_.reader->Range({.component = ComponentId("shop"), .window = all_},
                                  [&](SeriesBuckets buckets) { all.push_back(buckets); }));
  ASSERT_EQ(all.size(), 6U);
  const auto search = std::ranges::find(all, Series("a", "shop", "search", "v1", kSpanLatency),
                                        &SeriesBuckets::series);
  ASSERT_NE(search, all.end());
  EXPECT_EQ(search->starts, (std::vector{kStart, kStart + kMinute, kStart + kMinute * 5}));
  ASSERT_EQ(search->values.size(), 3U);
  EXPECT_DOUBLE_EQ(search->values[1].mean(), 20);
  const Labels two{{"host", "two"}, {"zone", "x"}};
  EXPECT_EQ(std::ranges::count(all, two, [](const SeriesBuckets& b) { return b.series.labels; }),
            1);
}

INSTANTIATE_TEST_SUITE_P(Readers, SeriesReaderTest, ::testing::Values(OnSqlite, InMemory),
                         [](const auto& tested) {
                           return tested.index == 0 ? "Sqlite" : "Memory";
                         });

}  // namespace
}  // namespace ratchet
