#include "core/cycle/advance.h"

#include <gtest/gtest.h>

#include "core/cycle/schedule.h"

namespace ratchet::cycle {
namespace {

constexpr Instant kNow{Duration(1'000'000)};

class AdvanceTest : public ::testing::Test {
 protected:
  Improvement In(ImprovementStatus status) {
    Improvement improvement;
    improvement.id = ImprovementId("i-1");
    improvement.status = status;
    improvement.round = 1;
    improvement.opportunity.component = ComponentId("shop");
    improvement.tree_before = "before";
    improvement.tree_after = "after";
    if (IsTerminal(status)) improvement.ended_at = kNow;
    return improvement;
  }
  ImprovementStep Step(const Improvement& state, const ImprovementEvent& event) {
    auto step = Advance(state, event, policy_, kNow);
    EXPECT_TRUE(step) << step.error().message;
    return step ? *step : ImprovementStep{};
  }
  ValidationReport Passing() {
    ValidationReport report;
    report.gates = {{.gate = "syntax", .outcome = GateOutcome::kPassed}};
    report.quality = 0.97;
    report.risk = 0.02;
    report.sandbox_worked = true;
    return report;
  }
  ImprovementPolicy policy_;
};

TEST_F(AdvanceTest, AnEventThatDoesNotFitChangesNothing) {
  const auto step = Advance(In(ImprovementStatus::kRolledBack), Serving{}, policy_, kNow);
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().code, ErrorCode::kConflict);
}

TEST_F(AdvanceTest, AutonomyDecidesWhatHappensAfterTheGates) {
  const auto outcome = [&](Autonomy autonomy) {
    policy_.autonomy = autonomy;
    return Step(In(ImprovementStatus::kValidating), Validated{Passing()}).state;
  };
  EXPECT_EQ(outcome(Autonomy::kObserve).status, ImprovementStatus::kSuggested);
  EXPECT_EQ(outcome(Autonomy::kSuggest).status, ImprovementStatus::kSuggested);
  EXPECT_EQ(outcome(Autonomy::kApprove).status, ImprovementStatus::kAwaitingApproval);
  EXPECT_FALSE(outcome(Autonomy::kApprove).approval.has_value());
  EXPECT_EQ(outcome(Autonomy::kAuto).approval->by, "policy:auto");
}

TEST_F(AdvanceTest, AutoNeverPassesAModelOrASystemWideChange) {
  policy_.autonomy = Autonomy::kAuto;
  Improvement by_model = In(ImprovementStatus::kValidating);
  by_model.author = Author::kModel;
  EXPECT_FALSE(Step(by_model, Validated{Passing()}).state.approval.has_value());
  Improvement wide = In(ImprovementStatus::kValidating);
  wide.opportunity.reach = Reach::kSystemWide;
  EXPECT_FALSE(Step(wide, Validated{Passing()}).state.approval.has_value());
}

TEST_F(AdvanceTest, AutoNeedsADayOfBaselineAndAPersonDoesNot) {
  policy_.autonomy = Autonomy::kAuto;
  const auto measured = [&](const std::string& approved_by, int hours) {
    Improvement improvement = In(ImprovementStatus::kDeploying);
    improvement.approval = Approval{approved_by, kNow};
    BaselineMeasured event;
    event.baseline.window = {kNow - Duration(3'600'000) * hours, kNow};
    event.baseline.operation.requests = 100'000;
    return Step(improvement, event);
  };
  EXPECT_TRUE(measured("policy:auto", 24).watch.has_value());
  EXPECT_TRUE(measured("anna", 2).watch.has_value());
  const auto held = measured("policy:auto", 2);
  EXPECT_EQ(held.state.status, ImprovementStatus::kAwaitingApproval);
  EXPECT_FALSE(held.state.approval.has_value());
  ASSERT_EQ(held.alerts.size(), 1U);
  EXPECT_NE(held.alerts[0].text.find("its baseline is 2h long, and 1d are needed"),
            std::string::npos)
      << held.alerts[0].text;
}

TEST_F(AdvanceTest, WithoutASandboxItIsOnlySuggested) {
  policy_.autonomy = Autonomy::kAuto;
  ValidationReport report = Passing();
  report.sandbox_worked = false;
  EXPECT_EQ(Step(In(ImprovementStatus::kValidating), Validated{report}).state.status,
            ImprovementStatus::kSuggested);
}

TEST_F(AdvanceTest, AFailedGateIsRepairedOnceForAModelAndNeverForARecipe) {
  ValidationReport report = Passing();
  report.gates.push_back({.gate = "tests",
                          .outcome = GateOutcome::kFailed,
                          .findings = {{"a.py", 3, "tests", "boom"}}});
  Improvement by_model = In(ImprovementStatus::kValidating);
  by_model.author = Author::kModel;
  const auto repaired = Step(by_model, Validated{report});
  EXPECT_EQ(repaired.state.status, ImprovementStatus::kGenerating);
  EXPECT_NE(repaired.state.repair_error.find("a.py:3: tests: boom"), std::string::npos);
  EXPECT_EQ(repaired.effects.at(0).key.value, "i-1/generate/2");
  by_model.round = 2;
  EXPECT_EQ(Step(by_model, Validated{report}).state.status, ImprovementStatus::kFailed);
  EXPECT_EQ(Step(In(ImprovementStatus::kValidating), Validated{report}).state.status,
            ImprovementStatus::kFailed);
}

TEST_F(AdvanceTest, AGateThatDidNotRunIsNotAPass) {
  ValidationReport report = Passing();
  report.gates.push_back({.gate = "tests", .outcome = GateOutcome::kNotRun});
  EXPECT_EQ(Step(In(ImprovementStatus::kValidating), Validated{report}).state.status,
            ImprovementStatus::kFailed);
}

TEST_F(AdvanceTest, SystemWideNeedsTheMetaOrchestrator) {
  Improvement wide = In(ImprovementStatus::kAwaitingApproval);
  wide.opportunity.reach = Reach::kSystemWide;
  const auto refused = Advance(wide, Approved{"key:op", Role::kOperator}, policy_, kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kPermissionDenied);
  EXPECT_TRUE(Step(wide, Approved{"key:chief", Role::kMetaOrchestrator}).state.approval);
  const auto viewer = Advance(In(ImprovementStatus::kAwaitingApproval),
                              Approved{"key:v", Role::kViewer}, policy_, kNow);
  EXPECT_FALSE(viewer);
}

TEST_F(AdvanceTest, ApprovalsExpire) {
  const auto step =
      Step(In(ImprovementStatus::kAwaitingApproval), TimerFired{TimerKind::kApprovalExpiry});
  EXPECT_EQ(step.state.status, ImprovementStatus::kExpired);
}

TEST_F(AdvanceTest, WithoutTrafficNothingIsDeployed) {
  const auto step = Step(In(ImprovementStatus::kDeploying), BaselineMeasured{});
  EXPECT_TRUE(step.effects.empty());
  ASSERT_EQ(step.timers_set.size(), 1U);  // it waits for traffic
  EXPECT_EQ(Step(step.state, TimerFired{TimerKind::kBaseline}).effects.at(0).key.value,
            "i-1/measure_baseline/2");
  Improvement patient = In(ImprovementStatus::kDeploying);
  patient.baseline_tries = policy_.baseline_tries_max;
  EXPECT_EQ(Step(patient, BaselineMeasured{}).state.status, ImprovementStatus::kFailed);
}

TEST_F(AdvanceTest, WhatIsDeployedIsWatchedByThePolicyOfThatMoment) {
  Improvement improvement = In(ImprovementStatus::kDeploying);
  improvement.approval = Approval{"anna", kNow};
  policy_.judge.degradation_threshold = 0.07;
  policy_.canary = {{0.1, Duration(600'000)}};
  BaselineMeasured event;
  event.baseline.operation.requests = 100'000;
  const auto step = Step(improvement, event);
  ASSERT_TRUE(step.watch.has_value());
  EXPECT_EQ(step.watch->policy.judge.degradation_threshold, 0.07);
  EXPECT_EQ(step.watch->steps, (std::vector<CanaryStep>{{0.1, Duration(600'000)}, {}}));
  EXPECT_EQ(step.watch->version_before, "before");
}

TEST_F(AdvanceTest, ItFollowsItsWatch) {
  Improvement improvement = In(ImprovementStatus::kDeploying);
  improvement.approval = Approval{"anna", kNow};
  improvement.watch = WatchId("w-1");
  const auto canary = Step(improvement, Serving{0.1});
  EXPECT_EQ(canary.state.status, ImprovementStatus::kCanary);
  EXPECT_NE(canary.audit.at(0).details.find("\"previous_version\":\"before\""), std::string::npos);
  const auto all = Step(canary.state, Serving{1});
  EXPECT_EQ(all.state.status, ImprovementStatus::kMonitoring);
  EXPECT_TRUE(all.audit.empty());  // it was deployed once
  const auto undoing = Step(all.state, Undoing{EndReason::kDegraded, "slower"});
  EXPECT_EQ(undoing.state.status, ImprovementStatus::kRollingBack);
  const auto back =
      Step(undoing.state, WatchEnded{WatchEnd::kTakenBack, EndReason::kDegraded, "slower", {}});
  EXPECT_EQ(back.state.status, ImprovementStatus::kRolledBack);
  EXPECT_NE(back.audit.at(0).details.find("\"reason\":\"performance_degradation\""),
            std::string::npos);
}

TEST_F(AdvanceTest, EveryEndHasAnOutcomeWithItsReason) {
  ValidationReport report = Passing();
  report.gates.push_back({.gate = "tests",
                          .outcome = GateOutcome::kFailed,
                          .findings = {{"a.py", 3, "tests.failed", "boom"}}});
  Improvement improvement = In(ImprovementStatus::kValidating);
  improvement.author_name = "recipe:x";
  const auto failed = Step(improvement, Validated{report});
  ASSERT_TRUE(failed.outcome.has_value());
  EXPECT_EQ(failed.outcome->reason, EndReason::kGatesFailed);
  EXPECT_EQ(failed.outcome->author_name, "recipe:x");
  EXPECT_EQ(failed.outcome->failed, (std::vector<std::string>{"tests.failed"}));
  const auto rejected =
      Step(In(ImprovementStatus::kAwaitingApproval), Rejected{.by = "anna", .why = "not so"});
  EXPECT_EQ(rejected.outcome->reason, EndReason::kRejected);
  EXPECT_TRUE(ForbidsAgain(rejected.outcome->reason));
}

TEST(ScheduleTest, FirstRunIsTheNextStartTimeAndLaterRunsCountFromIt) {
  const Duration two{2 * 3'600'000}, day{24 * 3'600'000};
  EXPECT_EQ(NextScheduledRun(two, day, std::nullopt, FromMillis(0)), Instant(two));
  EXPECT_EQ(NextScheduledRun(two, day, std::nullopt, Instant(two)), Instant(two + day));
  EXPECT_EQ(NextScheduledRun(two, day * 7, Instant(two), Instant(two)), Instant(two + day * 7));
}

}  // namespace
}  // namespace ratchet::cycle
