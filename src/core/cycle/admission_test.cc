#include "core/cycle/admission.h"

#include <gtest/gtest.h>

#include <memory>

namespace ratchet::cycle {
namespace {

class AdmissionTest : public ::testing::Test {
 protected:
  Improvement& Add(const std::string& id, ImprovementStatus status, const std::string& component,
                   const std::string& tenant = "t") {
    auto improvement = std::make_unique<Improvement>();
    improvement->id = ImprovementId(id);
    improvement->status = status;
    improvement->opportunity.component = ComponentId(component);
    improvement->target.component = ComponentId(component);
    improvement->opportunity.tenant = TenantId(tenant);
    owned_.push_back(std::move(improvement));
    return *owned_.back();
  }
  std::string Next() {
    std::vector<const Improvement*> all;
    for (const auto& improvement : owned_) all.push_back(improvement.get());
    const auto admission = NextAdmission(all, targets_, limits_);
    return admission ? admission->id.value : "";
  }
  std::vector<std::unique_ptr<Improvement>> owned_;
  std::map<TargetKey, TargetState> targets_;
  AdmissionLimits limits_{.concurrent_max = 2, .tenant_max = {{TenantId("small"), 1}}};
};

TEST_F(AdmissionTest, GlobalAndTenantLimitsHold) {
  Add("a", ImprovementStatus::kGenerating, "c1");
  Add("b", ImprovementStatus::kGenerating, "c2", "small");
  Add("c", ImprovementStatus::kQueued, "c3");
  EXPECT_EQ(Next(), "");
  owned_[0]->status = ImprovementStatus::kMonitoring;  // watching holds no slot
  EXPECT_EQ(Next(), "c");
  owned_[2]->opportunity.tenant = TenantId("small");
  EXPECT_EQ(Next(), "");
}

TEST_F(AdmissionTest, TheEmergencyHasItsOwnSlotAndGoesFirst) {
  Add("a", ImprovementStatus::kGenerating, "c1");
  Add("b", ImprovementStatus::kGenerating, "c2");
  Add("c", ImprovementStatus::kQueued, "c3");
  Add("e", ImprovementStatus::kQueued, "c4").priority = Priority::kEmergency;
  EXPECT_EQ(Next(), "e");
}

TEST_F(AdmissionTest, OneImprovementAComponent) {
  Add("a", ImprovementStatus::kMonitoring, "c1");
  Add("b", ImprovementStatus::kQueued, "c1");
  EXPECT_EQ(Next(), "");
}

TEST_F(AdmissionTest, AFrozenComponentIsLeftAlone) {
  Add("a", ImprovementStatus::kQueued, "c1");
  targets_[{ComponentId("c1"), {}}].frozen = true;
  EXPECT_EQ(Next(), "");
}

TEST_F(AdmissionTest, OnlyTheApprovedAreDeployedAndTheOutdatedAreSuperseded) {
  Improvement& waiting = Add("a", ImprovementStatus::kAwaitingApproval, "c1");
  waiting.tree_before = "v1";
  EXPECT_EQ(Next(), "");
  waiting.approval = Approval{"key:x", {}};
  EXPECT_EQ(Next(), "a");
  targets_[{ComponentId("c1"), {}}].expected_version = "v2";
  const Improvement* all[] = {&waiting};
  EXPECT_EQ(NextAdmission(all, targets_, limits_)->kind, AdmissionKind::kOutdated);
}

}  // namespace
}  // namespace ratchet::cycle
