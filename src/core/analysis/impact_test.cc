#include "core/analysis/impact.h"

#include <gtest/gtest.h>

namespace ratchet::analysis {
namespace {

Opportunity Make(const std::string& id, double score, Severity severity = Severity::kMedium,
                 Risk risk = Risk::kLow, double confidence = 0.9) {
  Opportunity o;
  o.id = OpportunityId(id);
  o.score = score;
  o.severity = severity;
  o.risk = risk;
  o.confidence = confidence;
  return o;
}

std::string Order(std::vector<Opportunity> all) {
  SortByPriority(all);
  std::string order;
  for (const auto& o : all) order += o.id.value;
  return order;
}

TEST(ImpactTest, TheDocumentedExample) {
  Opportunity o;
  o.gain_pct.value = 30;
  o.affected_users_per_hour.value = 1000;
  o.frequency_per_day.value = 24;
  o.severity = Severity::kMedium;
  o.confidence = 0.9;
  o.risk = Risk::kLow;
  EXPECT_DOUBLE_EQ(ImpactScore(o), 7200);
  o.severity = Severity::kCritical;
  o.confidence = 0.69;
  o.risk = Risk::kHigh;
  EXPECT_DOUBLE_EQ(ImpactScore(o), 7200 * 2 * 0.5 * 0.5);
  o.confidence = 0.7;
  EXPECT_DOUBLE_EQ(ImpactScore(o), 7200 * 2 * 0.5);
}

TEST(ImpactTest, LevelsAreStrictlyAbove) {
  EXPECT_EQ(LevelOf(5000), Level::kHigh);
  EXPECT_EQ(LevelOf(5000.1), Level::kCritical);
  EXPECT_EQ(LevelOf(1000), Level::kMedium);
  EXPECT_EQ(LevelOf(100), Level::kLow);
}

TEST(ImpactTest, OrderIsSeverityThenScoreGroupThenRiskThenConfidenceThenId) {
  EXPECT_EQ(Order({Make("a", 9000), Make("b", 10, Severity::kCritical)}), "ba");
  // 90 and 91 belong to the group of 100; 89 does not.
  EXPECT_EQ(Order({Make("a", 100, Severity::kMedium, Risk::kHigh), Make("b", 90), Make("c", 89)}),
            "bac");
  EXPECT_EQ(Order({Make("a", 100, Severity::kMedium, Risk::kLow, 0.8), Make("b", 95)}), "ba");
  EXPECT_EQ(Order({Make("b", 95), Make("a", 100)}), "ab");
  // A chain does not stretch a group: 82 reaches 90 % of 91 but not of 100.
  EXPECT_EQ(Order({Make("a", 100, Severity::kMedium, Risk::kHigh),
                   Make("b", 91, Severity::kMedium, Risk::kMedium), Make("c", 82)}),
            "bac");
}

}  // namespace
}  // namespace ratchet::analysis
