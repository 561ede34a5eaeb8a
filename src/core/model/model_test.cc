#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/model/names.h"
#include "core/model/serialize.h"

namespace ratchet {
namespace {

TEST(SerializeTest, AnImprovementSurvivesTheRoundTrip) {
  Improvement improvement;
  improvement.id = ImprovementId("i-1");
  improvement.status = ImprovementStatus::kMonitoring;
  improvement.opportunity.tenant = TenantId("acme");
  improvement.approval = Approval{"key:anna", FromMillis(5)};
  improvement.summary = "bad \xff byte";
  const std::string text = ToText(ToJson(improvement));
  const auto back = FromJson<Improvement>(text);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->status, ImprovementStatus::kMonitoring);
  EXPECT_EQ(back->approval->by, "key:anna");
  EXPECT_EQ(back->end, EndReason::kNone);
  EXPECT_FALSE(back->ended_at.has_value());
}

TEST(SerializeTest, AWatchKeepsItsPolicyAndMechanics) {
  Watch watch;
  watch.target = {ComponentId("shop"), TenantId("acme")};
  watch.steps = {{0.1, Duration(60'000)}, {}};
  watch.policy.judge.degradation_threshold = 0.07;
  watch.component.reload = {.kind = ReloadKind::kCommand, .command = {"systemctl", "reload"}};
  watch.looks.push_back(Look{.window = {FromMillis(1), FromMillis(2)}, .degradation = 0.5});
  const auto back = FromJson<Watch>(ToText(ToJson(watch)));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->target, watch.target);
  EXPECT_EQ(back->steps, watch.steps);
  EXPECT_EQ(back->policy.judge.degradation_threshold, 0.07);
  EXPECT_EQ(back->component.reload.command, watch.component.reload.command);
  EXPECT_EQ(back->looks.at(0).degradation, 0.5);
}

TEST(SerializeTest, DamageIsAnErrorThatNamesTheType) {
  EXPECT_NE(FromJson<Cycle>("{").error().message.find("Cycle"), std::string::npos);
  EXPECT_FALSE(FromJson<Cycle>(R"({"status":"dancing"})"));
}

TEST(NamesTest, NamesParseBack) {
  EXPECT_EQ(Parse<Role>("meta-orchestrator"), Role::kMetaOrchestrator);
  EXPECT_EQ(Parse<ImprovementStatus>(Name(ImprovementStatus::kSuperseded)),
            ImprovementStatus::kSuperseded);
  EXPECT_EQ(Parse<Autonomy>("wild"), std::nullopt);
}

}  // namespace
}  // namespace ratchet
