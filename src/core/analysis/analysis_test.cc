#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/analysis/detectors.h"
#include "core/analysis/opportunities.h"
#include "core/analysis/service_metrics.h"

namespace ratchet::analysis {
namespace {

constexpr Duration kMinute{60'000};
const Instant kNow = FromMillis(1'700'000'000'000 / 60'000 * 60'000);

class AnalysisTest : public ::testing::Test {
 protected:
  void Minutes(int from, int to, double latency_ms, int requests, int errors = 0) {
    for (int m = from; m < to; ++m) {
      Point point;
      point.series = {TenantId("acme"), ComponentId("shop"), "search", "", kSpanLatency};
      point.start = kNow + kMinute * m;
      const double wobble = m % 2 == 0 ? 1.05 : 0.95;
      point.values.Add(latency_ms * wobble, static_cast<std::uint64_t>(requests),
                       static_cast<std::uint64_t>(errors));
      points_.push_back(point);
    }
  }
  std::vector<Insight> Run() {
    input_.cycle = CycleId("cycle-1");
    input_.histories = Histories({.now = kNow});
    for (const Point& point : points_) input_.histories.Add(point);
    return Detect(input_, policy_);
  }
  static std::string Kinds(const std::vector<Insight>& insights) {
    std::string kinds;
    for (const auto& i : insights) kinds += std::to_string(static_cast<int>(i.kind));
    return kinds;
  }
  std::vector<Point> points_;
  AnalysisInput input_;
  DetectorPolicy policy_;
};

TEST_F(AnalysisTest, ASteadyServiceIsQuiet) {
  Minutes(-600, 0, 50, 10);
  EXPECT_TRUE(Run().empty());
}

TEST_F(AnalysisTest, LatencyNeedsBothSigmaAndShare) {
  Minutes(-600, -60, 50, 10);
  Minutes(-60, 0, 58, 10);  // 16 % worse: beyond 2 sigma, not beyond 20 %
  EXPECT_TRUE(Run().empty());
  points_.clear();
  Minutes(-600, -60, 50, 10);
  Minutes(-60, 0, 65, 10);
  const auto insights = Run();
  ASSERT_EQ(insights.size(), 1U);
  EXPECT_EQ(insights[0].kind, InsightKind::kLatencyDegradation);
}

TEST_F(AnalysisTest, AShortBaselineIsSaidAndCostsConfidence) {
  Minutes(-600, -60, 50, 10);
  Minutes(-60, 0, 100, 10);
  const auto insights = Run();
  ASSERT_EQ(insights.size(), 1U);
  EXPECT_LT(insights[0].confidence, 0.6);
  const auto note = std::ranges::find(insights[0].evidence, "baseline_hours", &Evidence::name);
  ASSERT_NE(note, insights[0].evidence.end());
  EXPECT_NE(note->note.find("168 h are wanted"), std::string::npos);
}

TEST_F(AnalysisTest, ErrorsAndThroughput) {
  Minutes(-600, -60, 50, 20, 0);
  Minutes(-60, 0, 50, 20, 2);
  EXPECT_EQ(Kinds(Run()), std::to_string(static_cast<int>(InsightKind::kErrorRateSpike)));
  points_.clear();
  Minutes(-600, -60, 50, 20);
  Minutes(-60, 0, 50, 10);
  EXPECT_EQ(Kinds(Run()), std::to_string(static_cast<int>(InsightKind::kThroughputDrop)));
}

TEST_F(AnalysisTest, AJobThatRanOnceDoesNotDropForEver) {
  Minutes(-600, -597, 50, 20);
  EXPECT_TRUE(Run().empty());
}

TEST_F(AnalysisTest, TwoCausesInOneOperationAreTwoOpportunities) {
  Minutes(-120, 0, 50, 100);
  ErrorCluster cluster{.tenant = TenantId("acme"),
                       .component = ComponentId("shop"),
                       .operation = "search",
                       .exception_type = "KeyError",
                       .pattern = "<*>",
                       .count = 40,
                       .last_seen = kNow - kMinute};
  input_.clusters = {cluster};
  cluster.exception_type = "ValueError";
  input_.clusters.push_back(cluster);
  cluster.tenant = TenantId("beta");  // the second cause, seen by another tenant
  input_.clusters.push_back(cluster);
  const auto wide =
      FindOpportunities(input_, Run(), [](const ComponentId&) { return Reach::kSystemWide; });
  EXPECT_EQ(wide.size(), 2U);
}

TEST_F(AnalysisTest, AnExceptionMustRecurAndBeRecent) {
  ErrorCluster cluster{.tenant = TenantId("acme"),
                       .component = ComponentId("shop"),
                       .operation = "search",
                       .exception_type = "KeyError",
                       .pattern = "<*>",
                       .count = 10,
                       .last_seen = kNow - kMinute,
                       .examples = {"Traceback ..."}};
  input_.clusters = {cluster};
  EXPECT_TRUE(Run().empty());
  input_.clusters[0].count = 11;
  ASSERT_EQ(Run().size(), 1U);
  EXPECT_EQ(Run()[0].example, "Traceback ...");
  input_.clusters[0].last_seen = kNow - kMinute * 61;
  EXPECT_TRUE(Run().empty());
}

TEST_F(AnalysisTest, RepeatedCallsBecomeAnOpportunityWithMeasuredGain) {
  Minutes(-120, 0, 50, 100);
  CallShape shape{.tenant = TenantId("acme"),
                  .component = ComponentId("shop"),
                  .operation = "search",
                  .name = "rank",
                  .code = {"rank.py", "rank", 3},
                  .calls = 6000,
                  .total_ms = 6000 * 40,
                  .repeats = 5000,
                  .repeat_ms = 5000 * 40,
                  .parents = 6000,
                  .users = 120};
  input_.shapes = {shape};
  const auto insights = Run();
  ASSERT_EQ(insights.size(), 1U);
  EXPECT_EQ(insights[0].kind, InsightKind::kRepeatedCalls);
  const auto found =
      FindOpportunities(input_, insights, [](const ComponentId&) { return Reach::kTenant; });
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NEAR(found[0].gain_pct.value, 66.7, 0.5);
  EXPECT_EQ(found[0].gain_pct.origin, Origin::kMeasured);
  EXPECT_NEAR(found[0].affected_users_per_hour.value, 120, 1e-9);
  EXPECT_EQ(found[0].risk, Risk::kLow);
}

TEST_F(AnalysisTest, TenantsThatShareARootMakeOneOpportunity) {
  Minutes(-120, 0, 50, 100);
  CallShape shape{.tenant = TenantId("acme"),
                  .component = ComponentId("shop"),
                  .operation = "search",
                  .name = "rank",
                  .code = {"rank.py", "rank", 3},
                  .calls = 6000,
                  .total_ms = 6000 * 40,
                  .repeats = 5000,
                  .repeat_ms = 5000 * 40};
  input_.shapes = {shape};
  auto points = points_;
  for (Point point : points) {
    point.series.tenant = TenantId("beta");
    points_.push_back(point);
  }
  shape.tenant = TenantId("beta");
  input_.shapes.push_back(shape);
  const auto insights = Run();
  ASSERT_EQ(insights.size(), 2U);
  const auto wide =
      FindOpportunities(input_, insights, [](const ComponentId&) { return Reach::kSystemWide; });
  ASSERT_EQ(wide.size(), 1U);
  EXPECT_TRUE(wide[0].tenant.empty());
  EXPECT_EQ(
      FindOpportunities(input_, insights, [](const ComponentId&) { return Reach::kTenant; }).size(),
      2U);
}

CallShape RankShape(std::uint64_t repeats, double call_ms) {
  return {.tenant = TenantId("acme"),
          .component = ComponentId("shop"),
          .operation = "search",
          .name = "rank",
          .code = {"rank.py", "rank", 3},
          .calls = 600,
          .total_ms = 600 * call_ms,
          .repeats = repeats,
          .repeat_ms = static_cast<double>(repeats) * call_ms};
}

// One piece of work: the cache, as urgent as the slowness that people feel.
TEST_F(AnalysisTest, ASymptomIsMendedAtItsCause) {
  Minutes(-600, -60, 20, 10);
  Minutes(-60, 0, 100, 10);
  input_.shapes = {RankShape(500, 90)};
  const auto insights = Run();
  ASSERT_EQ(insights.size(), 2U);
  const auto found =
      FindOpportunities(input_, insights, [](const ComponentId&) { return Reach::kTenant; });
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, InsightKind::kRepeatedCalls);
  EXPECT_EQ(found[0].severity, Severity::kCritical);
  EXPECT_NE(std::ranges::find(found[0].evidence, "baseline_mean_ms", &Evidence::name),
            found[0].evidence.end());
}

// A cache that would save little is not why the operation became five times slower.
TEST_F(AnalysisTest, ASymptomWithoutItsCauseNamesTheSlowestFunction) {
  Minutes(-600, -60, 20, 10);
  Minutes(-60, 0, 100, 10);
  input_.shapes = {RankShape(200, 60)};
  const auto found =
      FindOpportunities(input_, Run(), [](const ComponentId&) { return Reach::kTenant; });
  const auto symptom =
      std::ranges::find(found, InsightKind::kLatencyDegradation, &Opportunity::kind);
  ASSERT_NE(symptom, found.end());
  EXPECT_EQ(symptom->code.function, "rank");
}

// A night's cycle looks at the day's calls, not only at those of the last hour.
TEST_F(AnalysisTest, CallsAreLookedAtAsFarBackAsTheCycleSays) {
  Minutes(-600, -120, 50, 100);
  input_.shapes = {RankShape(500, 40)};
  const auto of_the_hour = Run();  // there were no requests to compare the calls with
  EXPECT_TRUE(std::ranges::none_of(
      of_the_hour, [](const Insight& i) { return i.kind == InsightKind::kRepeatedCalls; }));
  Histories histories({.now = kNow, .calls = Duration(24 * 3'600'000)});
  for (const Point& point : points_) histories.Add(point);
  input_.histories = histories;
  const CallShape& shape = input_.shapes.front();
  EXPECT_EQ(histories.Of({shape.tenant, shape.component, shape.operation}).calls.count, 48'000U);
  Histories changed({.now = kNow,
                     .calls = Duration(24 * 3'600'000),
                     .changed_at = {{shape.component, kNow - kMinute * 130}}});
  for (const Point& point : points_) changed.Add(point);
  EXPECT_EQ(changed.Of({shape.tenant, shape.component, shape.operation}).calls.count, 1'000U);
}

TEST_F(AnalysisTest, TheSourceThatSawMoreRequestsIsUsed) {
  Point span, histogram;
  span.series = {TenantId("a"), ComponentId("c"), "op", "", kSpanLatency};
  histogram.series = {TenantId("a"), ComponentId("c"), "op", "", kRequestLatency};
  span.values.Add(10, 50);
  histogram.values.Add(20, 100);
  const Window window{FromMillis(0), FromMillis(10'000)};
  const auto metrics = [&] {
    const std::vector<Point> points{span, histogram};
    return MetricsOf(points, window, SourcesOf(points));
  };
  EXPECT_EQ(metrics().requests, 100U);
  span.values.Add(10, 45);
  EXPECT_EQ(metrics().requests, 95U);
  EXPECT_NEAR(metrics().throughput, 9.5, 1e-9);
}

// Histograms come in lumps: a minute's requests at once, and none in the looks before.
TEST_F(AnalysisTest, TheSourceIsTheSameInAllWindowsThatAreCompared) {
  Point span, histogram;
  span.series = {TenantId("a"), ComponentId("c"), "op", "", kSpanLatency};
  histogram.series = {TenantId("a"), ComponentId("c"), "op", "", kRequestLatency};
  span.values.Add(10, 1000);
  histogram.values.Add(20, 1000);
  const auto sources = SourcesOf(std::vector<Point>{span, histogram});
  span.values = {};
  span.values.Add(10, 20);
  const Summary lump = RequestSummary(std::vector<Point>{span, histogram}, sources);
  EXPECT_EQ(lump.count, 20U);
  EXPECT_EQ(RequestSummary(std::vector<Point>{histogram}, sources).count, 0U);
}

TEST_F(AnalysisTest, BlocksOfTheBaselineAreAsLongAsALook) {
  std::vector<Point> points;
  for (int minute = 0; minute < 6; ++minute) {
    Point point;
    point.series = {TenantId("a"), ComponentId("c"), "op", "", kSpanLatency};
    point.start = FromMillis(minute * 60'000);
    point.values.Add(minute < 4 ? 100 : 200, minute == 3 ? 10 : 40);
    points.push_back(point);
  }
  const Window window{FromMillis(0), FromMillis(6 * 60'000)};
  const Moments minutes = LogP95Blocks(points, window, Duration(60'000), 30, {});
  EXPECT_EQ(minutes.count, 5U);  // one had too few requests
  EXPECT_NEAR(minutes.mean, (3 * std::log(100) + 2 * std::log(200)) / 5, 0.02);
  EXPECT_EQ(LogP95Blocks(points, window, Duration(120'000), 30, {}).count, 3U);
}

}  // namespace
}  // namespace ratchet::analysis
