#include "core/monitoring/judge.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/base/random.h"

namespace ratchet::monitoring {
namespace {

// So many, that the baseline knows its errors well.
constexpr std::uint64_t kBaselineRequests = 100'000;

ServiceMetrics Metrics(double p95, double error_rate = 0, std::uint64_t requests = 100) {
  return {.latency_p50 = p95 / 2,
          .latency_p95 = p95,
          .latency_p99 = p95 * 1.2,
          .error_rate = error_rate,
          .throughput = 10,
          .requests = requests};
}

class JudgeTest : public ::testing::Test {
 protected:
  Look LookAt(int minute, ServiceMetrics metrics, Health health = Health::kHealthy) {
    Look look{.window = {FromMillis((minute - 1) * 60'000), FromMillis(minute * 60'000)},
              .operation = metrics,
              .component = metrics,
              .health = health};
    look.degradation = judge_.LookDegradation(baseline_, look);
    return look;
  }
  VerdictReason Decide(const std::vector<Look>& looks) {
    return judge_.Decide(InsightKind::kLatencyDegradation, baseline_, looks, FromMillis(0));
  }
  std::vector<Look> Watch(int minutes, ServiceMetrics metrics) {
    std::vector<Look> looks;
    for (int m = 1; m <= minutes; ++m) {
      ServiceMetrics look = metrics;
      look.latency_p95 *= m % 2 == 0 ? 1.01 : 0.99;  // looks are never all alike
      looks.push_back(LookAt(m, look));
    }
    return looks;
  }
  Judge judge_{JudgePolicy{.duration = Duration(10 * 60'000)}};
  Baseline baseline_{.operation = Metrics(100, 0, kBaselineRequests),
                     .component = Metrics(100, 0, kBaselineRequests)};
};

TEST_F(JudgeTest, DegradationFollowsTheFormula) {
  const auto degradation = [&](ServiceMetrics before, ServiceMetrics now) {
    const Baseline baseline{.operation = before, .component = before};
    return judge_.LookDegradation(baseline, {.operation = now, .component = now});
  };
  EXPECT_NEAR(degradation(Metrics(100), Metrics(112)), 0.12, 1e-9);
  EXPECT_NEAR(degradation(Metrics(100, 0.0), Metrics(100, 0.005)), 0.5, 1e-9);
  EXPECT_NEAR(degradation(Metrics(100, 0.02), Metrics(100, 0.03)), 0.5, 1e-9);
  EXPECT_EQ(degradation(Metrics(100), Metrics(80)), 0.0);
  ServiceMetrics fewer_users = Metrics(100);
  fewer_users.throughput = 7;
  EXPECT_EQ(degradation(Metrics(100), fewer_users), 0.0);
  const Baseline baseline{.operation = Metrics(100), .component = Metrics(100)};
  EXPECT_NEAR(judge_.LookDegradation(baseline,
                                     {.operation = Metrics(100), .component = Metrics(300, 0.002)}),
              0.2, 1e-9);
}

TEST_F(JudgeTest, ThreeBadLooksInARowTakeItBackAndTwoDoNot) {
  std::vector<Look> looks = {LookAt(1, Metrics(150)), LookAt(2, Metrics(150))};
  EXPECT_EQ(Decide(looks).verdict, Verdict::kContinue);
  looks.push_back(LookAt(3, Metrics(150)));
  EXPECT_EQ(Decide(looks).verdict, Verdict::kRollBack);
  EXPECT_EQ(Decide(looks).rule, "threshold");
}

TEST_F(JudgeTest, AGoodLookBreaksTheRow) {
  EXPECT_EQ(Decide({LookAt(1, Metrics(150)), LookAt(2, Metrics(100)), LookAt(3, Metrics(150)),
                    LookAt(4, Metrics(150))})
                .verdict,
            Verdict::kContinue);
}

TEST_F(JudgeTest, ALookWithFewRequestsSaysNothing) {
  EXPECT_EQ(Decide({LookAt(1, Metrics(900, 0, 5)), LookAt(2, Metrics(900, 0, 5)),
                    LookAt(3, Metrics(900, 0, 5))})
                .verdict,
            Verdict::kContinue);
}

TEST_F(JudgeTest, ALookWithFewRequestsDoesNotBreakARow) {
  const auto quiet = [&](int minute) {
    Look look = LookAt(minute, Metrics(900, 0, 5));
    look.component = Metrics(100, 0, 500);
    look.degradation = judge_.LookDegradation(baseline_, look);
    return look;
  };
  EXPECT_EQ(Decide({LookAt(1, Metrics(150)), quiet(2), LookAt(3, Metrics(150)), quiet(4),
                    LookAt(5, Metrics(150))})
                .verdict,
            Verdict::kRollBack);
}

// Each of them over before the next begins: no row, also where the operation itself is quiet.
TEST_F(JudgeTest, ErrorsOfOtherOperationsHoursApartAreNoRow) {
  const auto quiet = [&](int minute, double errors) {
    Look look = LookAt(minute, Metrics(100, 0, 5));
    look.component = Metrics(100, errors, 500);
    look.degradation = judge_.LookDegradation(baseline_, look);
    return look;
  };
  EXPECT_EQ(
      Decide({quiet(1, 0.01), quiet(2, 0), quiet(3, 0.01), quiet(4, 0), quiet(5, 0.01)}).verdict,
      Verdict::kContinue);
  EXPECT_EQ(Decide({quiet(1, 0.01), quiet(2, 0.01), quiet(3, 0.01)}).verdict, Verdict::kRollBack);
}

// Requests fail now and then before and after: with few requests a look, single failures are high
// rates, and several looks in a row are bad by chance.
TEST_F(JudgeTest, BackgroundErrorsDoNotTakeAGoodChangeBack) {
  SeededRandom random(1);
  const auto verdict = [&](double error_rate) {
    baseline_.operation.error_rate = baseline_.component.error_rate = 0.01;
    const Judge judge{JudgePolicy{.duration = Duration(60 * 60'000)}};
    std::vector<Look> looks;
    for (int m = 1; m <= 60; ++m) {
      int errors = 0;
      for (int i = 0; i < 60; ++i) errors += random.Chance(error_rate) ? 1 : 0;
      looks.push_back(LookAt(m, Metrics(m % 2 == 0 ? 50 : 51, errors / 60.0, 60)));
      const auto reason =
          judge.Decide(InsightKind::kLatencyDegradation, baseline_, looks, FromMillis(0));
      if (reason.verdict != Verdict::kContinue) return reason.verdict;
    }
    return Verdict::kContinue;
  };
  int kept = 0, taken_back = 0;
  for (int i = 0; i < 200; ++i) kept += verdict(0.01) == Verdict::kKeep ? 1 : 0;
  for (int i = 0; i < 200; ++i) taken_back += verdict(0.03) == Verdict::kRollBack ? 1 : 0;
  EXPECT_GE(kept, 195);
  EXPECT_GE(taken_back, 195);
}

// A long good time does not outweigh what is bad now.
TEST_F(JudgeTest, ErrorsThatBeginLateAreSeen) {
  baseline_.operation.error_rate = baseline_.component.error_rate = 0.1;
  std::vector<Look> looks;
  for (int m = 1; m <= 200; ++m) looks.push_back(LookAt(m, Metrics(50, 0, 1000)));
  for (int m = 201; m <= 203; ++m) looks.push_back(LookAt(m, Metrics(50, 0.2, 1000)));
  const Judge judge{JudgePolicy{.duration = Duration(300 * 60'000)}};
  EXPECT_EQ(judge.Decide(InsightKind::kLatencyDegradation, baseline_, looks, FromMillis(0)).verdict,
            Verdict::kRollBack);
}

// The p95 of a long time that swings is that of its slow minutes; looks swing in the same way.
TEST_F(JudgeTest, WhatSwingsAsBeforeIsNoGain) {
  const std::vector<double> log_p95 = {std::log(96.),  std::log(104.), std::log(96.),
                                       std::log(104.), std::log(97.),  std::log(103.)};
  baseline_.operation.latency_p95 = 104;
  const auto verdict = [&] {
    std::vector<Look> looks;
    for (int m = 1; m <= 10; ++m) looks.push_back(LookAt(m, Metrics(m % 2 == 0 ? 104 : 96)));
    return Decide(looks).verdict;
  };
  EXPECT_EQ(verdict(), Verdict::kNoEffect);  // beside the one figure
  baseline_.log_p95 = MomentsOf(log_p95);
  EXPECT_EQ(verdict(), Verdict::kNoEffect);
}

TEST_F(JudgeTest, FailingHealthTakesItBackAtOnce) {
  const auto reason = Decide({LookAt(1, Metrics(50), Health::kFailing)});
  EXPECT_EQ(reason.verdict, Verdict::kRollBack);
  EXPECT_EQ(reason.rule, "health");
}

TEST_F(JudgeTest, EveryRequestFailingTakesItBackAtOnce) {
  EXPECT_EQ(Decide({LookAt(1, Metrics(50, 1.0))}).verdict, Verdict::kRollBack);
}

TEST_F(JudgeTest, AProvenGainIsKeptOnlyAtTheEnd) {
  EXPECT_EQ(Decide(Watch(9, Metrics(50))).verdict, Verdict::kContinue);
  const auto reason = Decide(Watch(10, Metrics(50)));
  EXPECT_EQ(reason.verdict, Verdict::kKeep);
  EXPECT_LT(reason.gain_high, -0.4);
}

TEST_F(JudgeTest, NoProvenGainIsNoEffect) {
  EXPECT_EQ(Decide(Watch(10, Metrics(100))).verdict, Verdict::kNoEffect);
}

TEST_F(JudgeTest, ASmallLossIsNeverKept) {
  EXPECT_EQ(Decide(Watch(10, Metrics(105))).verdict, Verdict::kNoEffect);
}

TEST_F(JudgeTest, SilenceIsNeverKept) {
  EXPECT_EQ(Decide(Watch(10, Metrics(0, 0, 0))).verdict, Verdict::kContinue);
  EXPECT_EQ(Decide(Watch(20, Metrics(0, 0, 0))).verdict, Verdict::kInconclusive);
}

TEST_F(JudgeTest, FewerErrorsProveAnErrorFix) {
  baseline_.operation.error_rate = 0.2;
  baseline_.component.error_rate = 0.2;
  std::vector<Look> looks = Watch(10, Metrics(100, 0.01));
  const auto reason =
      judge_.Decide(InsightKind::kRecurringException, baseline_, looks, FromMillis(0));
  EXPECT_EQ(reason.verdict, Verdict::kKeep);
}

TEST_F(JudgeTest, AnErrorFixThatIsALittleSlowerIsNotKept) {
  baseline_.operation.error_rate = 0.2;
  baseline_.component.error_rate = 0.2;
  const auto reason = judge_.Decide(InsightKind::kRecurringException, baseline_,
                                    Watch(10, Metrics(109, 0.01)), FromMillis(0));
  EXPECT_EQ(reason.verdict, Verdict::kNoEffect) << reason.explanation;
}

TEST_F(JudgeTest, WhatMakesAnotherOperationMuchSlowerIsTakenBack) {
  baseline_.others["export"] = Metrics(40, 0, 5000);
  const auto look_with = [&](int minute, ServiceMetrics of_export) {
    Look look = LookAt(minute, Metrics(50));
    look.slowed = Slowed(baseline_, {{"export", of_export}, {"new", Metrics(900)}});
    return look;
  };
  const auto verdict_of = [&](ServiceMetrics of_export) {
    return Decide({look_with(1, of_export), look_with(2, of_export), look_with(3, of_export)});
  };
  EXPECT_EQ(verdict_of(Metrics(120, 0, 200)).verdict, Verdict::kRollBack);
  EXPECT_NE(verdict_of(Metrics(120, 0, 200)).explanation.find("export"), std::string::npos);
  EXPECT_EQ(verdict_of(Metrics(55, 0, 200)).verdict, Verdict::kContinue);
  EXPECT_EQ(verdict_of(Metrics(120, 0, 50)).verdict, Verdict::kContinue);
  ServiceMetrics tail = Metrics(120, 0, 200);
  tail.latency_p50 = 21;  // only the slowest of them are slower
  EXPECT_EQ(verdict_of(tail).verdict, Verdict::kContinue);
}

TEST_F(JudgeTest, MoreUsersDoNotProveAGain) {
  ServiceMetrics busier = Metrics(100);
  busier.throughput = 20;
  EXPECT_EQ(judge_.Decide(InsightKind::kThroughputDrop, baseline_, Watch(10, busier), FromMillis(0))
                .verdict,
            Verdict::kNoEffect);
}

}  // namespace
}  // namespace ratchet::monitoring
