#include "core/cycle/watch_advance.h"

#include <gtest/gtest.h>

namespace ratchet::cycle {
namespace {

constexpr Instant kNow{Duration(1'000'000)};

class WatchAdvanceTest : public ::testing::Test {
 protected:
  static Watch In(WatchStatus status) {
    Watch watch;
    watch.id = WatchId("w-1");
    watch.improvement = ImprovementId("i-1");
    watch.target.component = ComponentId("shop");
    watch.status = status;
    watch.version_before = "before";
    watch.version_after = "after";
    watch.steps = {{}};
    watch.deployed_at = watch.step_since = kNow;
    watch.baseline.operation = {.latency_p95 = 100, .throughput = 1, .requests = 1000};
    if (status == WatchStatus::kUndoing) {
      watch.undo_tries = 1;
      watch.reason = EndReason::kDegraded;
    }
    if (status == WatchStatus::kEnded) watch.ended_at = kNow;
    return watch;
  }
  // A tenth of the requests first, then half of them.
  static Watch Canary() {
    Watch watch = In(WatchStatus::kWatching);
    watch.steps = {{0.1, Duration(600'000)}, {0.5, Duration(600'000)}, {}};
    watch.policy.judge.looks_min = 1;
    return watch;
  }
  static WatchStep Step(const Watch& state, const WatchEvent& event, Instant now = kNow) {
    auto step = AdvanceWatch(state, event, now);
    EXPECT_TRUE(step) << step.error().message;
    return step ? *step : WatchStep{};
  }
  static Look At(Instant end, double p95 = 60) {
    return {.window = {end - Duration(60'000), end},
            .operation = {.latency_p95 = p95, .throughput = 1, .requests = 100},
            .component = {.latency_p95 = p95, .throughput = 1, .requests = 100}};
  }
};

TEST_F(WatchAdvanceTest, AnEventThatDoesNotFitChangesNothing) {
  const auto step = AdvanceWatch(In(WatchStatus::kEnded), Deployed{}, kNow);
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().code, ErrorCode::kConflict);
}

TEST_F(WatchAdvanceTest, ItAsksForItsDeploymentAndThenLooks) {
  Watch watch = In(WatchStatus::kDeploying);
  watch.fence = 7;
  const auto opened = OpenWatch(watch, kNow);
  EXPECT_EQ(opened.effects.at(0).key.value, "w-1/deploy/1");
  EXPECT_EQ(opened.state.fence, 8U);  // above everything that was asked for before
  const auto deployed = Step(opened.state, Deployed{});
  EXPECT_EQ(deployed.state.status, WatchStatus::kWatching);
  EXPECT_EQ(deployed.expected_version, "after");
  EXPECT_EQ(std::get<Serving>(*deployed.signal).share, 1);
  const auto look = Step(deployed.state, TimerFired{TimerKind::kLook});
  EXPECT_EQ(look.effects.at(0).key.value, "w-1/look/1");
}

TEST_F(WatchAdvanceTest, ADeploymentThatTouchedSomethingIsUndone) {
  const Watch watch = In(WatchStatus::kDeploying);
  const auto touched = Step(watch, DeployFailed{"reload", Touched::kYes});
  EXPECT_EQ(touched.state.status, WatchStatus::kUndoing);
  EXPECT_EQ(touched.state.reason, EndReason::kDeploymentFailed);
  const auto untouched = Step(watch, DeployFailed{"disk full"});
  EXPECT_EQ(untouched.state.end, WatchEnd::kNeverDeployed);
  EXPECT_TRUE(untouched.effects.empty());
}

TEST_F(WatchAdvanceTest, AReleaseBeforeTheDeploymentFreezesNothing) {
  const auto step = Step(In(WatchStatus::kDeploying), ReleasedBefore{});
  EXPECT_EQ(step.state.reason, EndReason::kOutdated);
  EXPECT_FALSE(step.freeze);
  EXPECT_TRUE(step.effects.empty());
}

TEST_F(WatchAdvanceTest, WhatIsWithdrawnOnItsWayIsUndone) {
  const auto step = Step(In(WatchStatus::kDeploying), Withdrawn{"the component is shared now"});
  EXPECT_EQ(step.state.status, WatchStatus::kUndoing);
  EXPECT_EQ(step.state.reason, EndReason::kOutdated);
  EXPECT_FALSE(AdvanceWatch(In(WatchStatus::kWatching), Withdrawn{"late"}, kNow));
}

TEST_F(WatchAdvanceTest, AForeignChangeFreezesAndTells) {
  const auto step = Step(In(WatchStatus::kWatching), TreeChangedByOthers{"hotfix"});
  EXPECT_EQ(step.state.end, WatchEnd::kChangedByOthers);
  EXPECT_TRUE(step.freeze.has_value());
  EXPECT_EQ(step.alerts.at(0).severity, AlertSeverity::kHigh);
  EXPECT_TRUE(step.effects.empty());
}

TEST_F(WatchAdvanceTest, SharesRiseStepByStepAndOnlyTheLastIsKept) {
  Instant now = kNow;
  Watch watch = Canary();
  std::vector<double> shares;
  for (int i = 0; i < 200 && watch.status != WatchStatus::kEnded; ++i) {
    now += Duration(60'000);
    WatchStep step = Step(watch, LookTaken{At(now)}, now);
    if (step.state.status == WatchStatus::kPromoting) {
      EXPECT_EQ(step.effects.at(0).kind, EffectKind::kPromote);
      shares.push_back(WantedBy(step.state).share);
      step = Step(step.state, Promoted{}, now);
      EXPECT_TRUE(step.state.looks.empty());  // of another share
    }
    watch = step.state;
  }
  EXPECT_EQ(shares, (std::vector<double>{0.5, 1}));
  EXPECT_EQ(watch.end, WatchEnd::kKept);
}

TEST_F(WatchAdvanceTest, ABadCanaryIsUndoneAtItsShare) {
  Watch watch = Canary();
  watch.policy.judge.bad_looks = 1;
  const auto step =
      Step(watch, LookTaken{At(kNow + Duration(60'000), 200)}, kNow + Duration(60'000));
  EXPECT_EQ(step.state.status, WatchStatus::kUndoing);
  EXPECT_EQ(WantedBy(step.state).version, "before");
  EXPECT_EQ(WantedBy(step.state).share, 1);
}

TEST_F(WatchAdvanceTest, APromotionThatFailsIsUndone) {
  Watch watch = Canary();
  watch.status = WatchStatus::kPromoting;
  const auto step = Step(watch, PromoteFailed{"reload"});
  EXPECT_EQ(step.state.status, WatchStatus::kUndoing);
  EXPECT_EQ(step.effects.at(0).key.value, "w-1/roll_back/1");
}

TEST_F(WatchAdvanceTest, WhatCannotBeSeenIsTakenBack) {
  const Watch watch = In(WatchStatus::kWatching);
  const Instant late = kNow + watch.policy.judge.duration * 3 + Duration(1);
  EXPECT_EQ(Step(watch, LookFailed{"away"}).state.status, WatchStatus::kWatching);
  EXPECT_EQ(Step(watch, LookFailed{"away"}, late).state.reason, EndReason::kNotSeen);
}

TEST_F(WatchAdvanceTest, WhatAKeptChangeLostComesBackWithItsRollback) {
  Watch watch = In(WatchStatus::kUndoing);
  watch.verdict = {.verdict = Verdict::kKeep, .loss = 0.02};
  EXPECT_EQ(Step(watch, RolledBack{}).loss_kept, -0.02);
  watch.verdict.verdict = Verdict::kRollBack;
  EXPECT_EQ(Step(watch, RolledBack{}).loss_kept, 0);
}

TEST_F(WatchAdvanceTest, WhatWasKeptCanStillBeUndone) {
  Watch kept = In(WatchStatus::kEnded);
  kept.end = WatchEnd::kKept;
  kept.reason = EndReason::kKept;
  const auto step = Step(kept, UndoRequested{"anna"});
  EXPECT_EQ(step.state.status, WatchStatus::kUndoing);
  EXPECT_EQ(std::get<Undoing>(*step.signal).reason, EndReason::kRequested);
  kept.end = WatchEnd::kTakenBack;
  EXPECT_FALSE(AdvanceWatch(kept, UndoRequested{"anna"}, kNow));
}

TEST_F(WatchAdvanceTest, ARollbackThatKeepsFailingFreezesRaisesAlarmAndIsTriedOn) {
  Watch watch = In(WatchStatus::kUndoing);
  EXPECT_FALSE(Step(watch, RollbackFailed{"disk"}).freeze);
  watch.undo_tries = 3;
  const auto third = Step(watch, RollbackFailed{"disk"});
  EXPECT_TRUE(third.freeze);
  EXPECT_EQ(third.alerts.at(0).severity, AlertSeverity::kCritical);
  ASSERT_EQ(third.timers_set.size(), 1U);
  const auto again = Step(third.state, TimerFired{TimerKind::kRollbackRetry});
  EXPECT_EQ(again.effects.at(0).key.value, "w-1/roll_back/4");
}

TEST_F(WatchAdvanceTest, InvariantsNameWhatIsBroken) {
  EXPECT_EQ(BrokenInvariant(In(WatchStatus::kWatching)), "");
  Watch watch = In(WatchStatus::kWatching);
  watch.steps = {{0.5, Duration(1)}};
  EXPECT_EQ(BrokenInvariant(watch), "its last step does not serve everybody");
  watch = In(WatchStatus::kWatching);
  watch.deployed_at.reset();
  EXPECT_EQ(BrokenInvariant(watch), "it watches what was never deployed");
  watch = Canary();
  watch.status = WatchStatus::kEnded;
  watch.ended_at = kNow;
  watch.end = WatchEnd::kKept;
  EXPECT_EQ(BrokenInvariant(watch), "it was kept before everybody was served");
}

}  // namespace
}  // namespace ratchet::cycle
