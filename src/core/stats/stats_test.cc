#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/random.h"
#include "core/stats/counts.h"
#include "core/stats/moments.h"
#include "core/stats/summary.h"

namespace ratchet {
namespace {

TEST(SketchTest, QuantilesAreWithinOnePercent) {
  SeededRandom random(1);
  std::vector<double> values;
  QuantileSketch left, right;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(std::exp(3.0 + 1.5 * random.Normal()));
    (i % 3 == 0 ? left : right).Add(values.back());
  }
  left.Merge(right);
  std::ranges::sort(values);
  for (const double q : {0.01, 0.5, 0.95, 0.99, 0.999}) {
    const double exact = values[static_cast<size_t>(q * 19'999)];
    EXPECT_NEAR(left.Quantile(q) / exact, 1.0, 0.0101) << q;
  }
}

TEST(SketchTest, EncodingKeepsEverythingAndRefusesDamage) {
  QuantileSketch sketch;
  for (const double v : {0.0, -5.0, 1e-12, 0.5, 0.5, 123.0, 1e9}) sketch.Add(v);
  const std::string bytes = sketch.Encode();
  const auto back = QuantileSketch::Decode(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->count(), 7U);
  EXPECT_EQ(back->Quantile(0.9), sketch.Quantile(0.9));
  EXPECT_FALSE(QuantileSketch::Decode(bytes.substr(0, bytes.size() - 1)));
  EXPECT_FALSE(QuantileSketch::Decode("\xff\xff\xff"));
}

TEST(SketchTest, EmptyAndNanAreHarmless) {
  QuantileSketch sketch;
  sketch.Add(std::nan(""));
  EXPECT_EQ(sketch.count(), 0U);
  EXPECT_EQ(sketch.Quantile(0.5), 0.0);
}

TEST(SummaryTest, MergeIsTheSameAsAddingAll) {
  Summary a, b, all;
  for (int i = 1; i <= 10; ++i) {
    (i < 4 ? a : b).Add(i, 1, i == 5 ? 1 : 0);
    all.Add(i, 1, i == 5 ? 1 : 0);
  }
  a.Merge(b);
  EXPECT_EQ(a.count, all.count);
  EXPECT_EQ(a.errors, 1U);
  EXPECT_EQ(a.min, 1);
  EXPECT_EQ(a.max, 10);
  EXPECT_DOUBLE_EQ(a.mean(), 5.5);
}

TEST(MomentsTest, IntervalsMatchTheTextbook) {
  const std::vector<double> values = {4.9, 5.1, 5.0, 5.2, 4.8};
  EXPECT_NEAR(MomentsOf(values).deviation, 0.158114, 1e-6);
  EXPECT_NEAR(MeanInterval95(MomentsOf(values)).low, 5.0 - 0.196323, 1e-4);
  EXPECT_TRUE(std::isinf(MeanInterval95({.count = 1, .mean = 1}).high));
  // By hand: squared errors 0.25 and 0.04, 10.67 degrees of freedom, t = 2.209.
  const Moments before{.count = 9, .mean = 10, .deviation = 1.5};
  const Moments after{.count = 25, .mean = 8, .deviation = 1};
  EXPECT_NEAR(DifferenceInterval95(before, after).low, -2 - 1.1897, 1e-3);
  EXPECT_NEAR(DifferenceInterval95(before, after).high, -2 + 1.1897, 1e-3);
  EXPECT_TRUE(std::isinf(DifferenceInterval95({.count = 1}, after).low));
}

TEST(CountsTest, EvidenceGrowsWithEventsBeyondTheRateOnly) {
  EXPECT_LT(LogEvidenceOfMore({10, 1000}, 0.01), 0);
  EXPECT_LT(LogEvidenceOfMore({0, 1000}, 0.01), 0);
  EXPECT_GT(LogEvidenceOfMore({30, 1000}, 0.01), std::log(200));
  EXPECT_TRUE(std::isfinite(LogEvidenceOfMore({100'000, 1'000'000}, 0.01)));
}

// Ville's inequality, seen: of harmless series at most a share of alpha ever crosses 1/alpha.
TEST(CountsTest, FewSeriesCrossHoweverOftenOneLooks) {
  SeededRandom random(7);
  int crossed = 0;
  for (int series = 0; series < 1000; ++series) {
    EventCount seen;
    bool crossing = false;
    for (int look = 0; look < 60; ++look) {
      for (int i = 0; i < 50; ++i) seen.events += random.Chance(0.02) ? 1 : 0;
      seen.trials += 50;
      crossing = crossing || LogEvidenceOfMore(seen, 0.02) >= std::log(100);
    }
    crossed += crossing ? 1 : 0;
  }
  EXPECT_LE(crossed, 10);
}

}  // namespace
}  // namespace ratchet
