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
    improvement.deployed_at = kNow;
    improvement.baseline.operation = {.latency_p95 = 100, .throughput = 1, .requests = 1000};
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
  const auto step = Advance(In(ImprovementStatus::kRolledBack), Deployed{}, policy_, kNow);
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
  EXPECT_EQ(measured("policy:auto", 24).effects.at(0).kind, EffectKind::kDeploy);
  EXPECT_EQ(measured("anna", 2).effects.at(0).kind, EffectKind::kDeploy);
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

TEST_F(AdvanceTest, AReleaseBeforeTheDeploymentFreezesNothing) {
  const auto step = Step(In(ImprovementStatus::kDeploying), Outdated{});
  EXPECT_EQ(step.state.status, ImprovementStatus::kSuperseded);
  EXPECT_FALSE(step.freeze_component);
  EXPECT_TRUE(step.effects.empty());
}

TEST_F(AdvanceTest, ADeploymentThatTouchedFilesIsRolledBack) {
  EXPECT_EQ(
      Step(In(ImprovementStatus::kDeploying), DeployFailed{"reload", Touched::kYes}).state.status,
      ImprovementStatus::kRollingBack);
  EXPECT_EQ(Step(In(ImprovementStatus::kDeploying), DeployFailed{"disk full"}).state.status,
            ImprovementStatus::kFailed);
}

TEST_F(AdvanceTest, AForeignChangeFreezesAndTells) {
  const auto step = Step(In(ImprovementStatus::kMonitoring), TreeChangedByOthers{"hotfix"});
  EXPECT_EQ(step.state.status, ImprovementStatus::kSuperseded);
  EXPECT_TRUE(step.freeze_component.has_value());
  EXPECT_EQ(step.alerts.at(0).severity, AlertSeverity::kHigh);
  EXPECT_TRUE(step.effects.empty());
}

TEST_F(AdvanceTest, WhatAKeptChangeLostComesBackWithItsRollback) {
  Improvement improvement = In(ImprovementStatus::kRollingBack);
  improvement.verdict = {.verdict = Verdict::kKeep, .loss = 0.02};
  EXPECT_EQ(Step(improvement, RolledBack{}).loss_kept, -0.02);
  improvement.verdict.verdict = Verdict::kRollBack;
  EXPECT_EQ(Step(improvement, RolledBack{}).loss_kept, 0);
}

TEST_F(AdvanceTest, ARollbackThatKeepsFailingFreezesRaisesAlarmAndIsTriedOn) {
  Improvement improvement = In(ImprovementStatus::kRollingBack);
  improvement.rollbacks_tried = 1;
  EXPECT_FALSE(Step(improvement, RollbackFailed{"disk"}).freeze_component);
  improvement.rollbacks_tried = 3;
  const auto third = Step(improvement, RollbackFailed{"disk"});
  EXPECT_TRUE(third.freeze_component);
  EXPECT_EQ(third.alerts.at(0).severity, AlertSeverity::kCritical);
  ASSERT_EQ(third.timers_set.size(), 1U);
  const auto again = Step(third.state, TimerFired{TimerKind::kRollbackRetry});
  EXPECT_EQ(again.effects.at(0).key.value, "i-1/roll_back/4");
}

TEST_F(AdvanceTest, ACanaryIsPromotedAfterItsTime) {
  Improvement improvement = In(ImprovementStatus::kDeploying);
  auto step = Step(improvement, Deployed{.share = 0.1});
  EXPECT_EQ(step.state.status, ImprovementStatus::kCanary);
  step.state.deployed_at = kNow - policy_.canary_duration;
  Look look{.window = {kNow - Duration(60'000), kNow},
            .operation = {.latency_p95 = 90, .throughput = 1, .requests = 100}};
  step = Step(step.state, LookTaken{look});
  EXPECT_EQ(step.effects.at(0).kind, EffectKind::kPromote);
  EXPECT_EQ(Step(step.state, Deployed{.share = 1}).state.status, ImprovementStatus::kMonitoring);
}

TEST_F(AdvanceTest, DeploymentAuditNamesBothVersions) {
  const auto step = Step(In(ImprovementStatus::kDeploying), Deployed{});
  EXPECT_NE(step.audit.at(0).details.find("\"previous_version\":\"before\""), std::string::npos);
  EXPECT_NE(step.audit.at(0).details.find("\"new_version\":\"after\""), std::string::npos);
}

TEST(ScheduleTest, FirstRunIsTheNextStartTimeAndLaterRunsCountFromIt) {
  const Duration two{2 * 3'600'000}, day{24 * 3'600'000};
  EXPECT_EQ(NextScheduledRun(two, day, std::nullopt, FromMillis(0)), Instant(two));
  EXPECT_EQ(NextScheduledRun(two, day, std::nullopt, Instant(two)), Instant(two + day));
  EXPECT_EQ(NextScheduledRun(two, day * 7, Instant(two), Instant(two)), Instant(two + day * 7));
}

}  // namespace
}  // namespace ratchet::cycle
