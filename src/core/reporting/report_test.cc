#include "core/reporting/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/reporting/text_page.h"

namespace ratchet::reporting {
namespace {

Assessed Watched() {
  Improvement improvement;
  improvement.id = ImprovementId("imp-1");
  improvement.status = ImprovementStatus::kCompleted;
  improvement.opportunity.score = 100;
  improvement.deployed_at = FromMillis(1000);
  Watch watch;
  watch.baseline.operation = {
      .latency_p95 = 100, .error_rate = 0.02, .throughput = 5, .requests = 100};
  watch.looks.push_back(
      {.operation = {.latency_p95 = 40, .error_rate = 0.01, .throughput = 5, .requests = 300}});
  watch.looks.push_back(
      {.operation = {.latency_p95 = 80, .error_rate = 0.01, .throughput = 5, .requests = 100}});
  return {improvement, watch};
}

TEST(ReportTest, TheAssessmentHasTheContractsKeys) {
  const auto json = Assessment(Watched().improvement, Watched().watch);
  EXPECT_EQ(json.at("status"), "completed");
  EXPECT_EQ(json.at("metrics").at("baseline").at("latency_p95"), 100.0);
  EXPECT_EQ(json.at("metrics").at("final").at("latency_p95"), 50.0);
  EXPECT_EQ(json.at("metrics").at("improvement").at("latency_reduction_ms"), 50.0);
  EXPECT_EQ(json.at("metrics").at("improvement").at("latency_reduction_pct"), 50.0);
  EXPECT_NEAR(json.at("metrics").at("improvement").at("error_rate_change"), -0.01, 1e-12);
  EXPECT_TRUE(json.at("cost").contains("llm_tokens"));
  EXPECT_TRUE(json.contains("execution_time_seconds"));
}

TEST(ReportTest, ImpactCountsWhatWasDeployedAndNotTakenBack) {
  Assessed back = Watched();
  back.improvement.status = ImprovementStatus::kRolledBack;
  Assessed failed = Watched();
  failed.improvement.status = ImprovementStatus::kFailed;
  failed.improvement.deployed_at.reset();
  Cycle cycle;
  cycle.id = CycleId("c");
  const auto json = CycleReport(cycle, {Watched(), back, failed}, FromMillis(0));
  EXPECT_EQ(json.at("total_impact"), 100.0);
  EXPECT_EQ(json.at("improvements_attempted"), 3);
  EXPECT_EQ(json.at("improvements_deployed"), 2);
  EXPECT_EQ(json.at("improvements_rolled_back"), 1);
  EXPECT_NE(CycleReportPage(json).find("Improvement imp-1  completed"), std::string::npos);
}

TEST(TextPageTest, TelemetryCannotSpeakToTheTerminal) {
  EXPECT_EQ(Table({{"a\x1b[31m", "b"}}), "a [31m  b\n");
}

}  // namespace
}  // namespace ratchet::reporting
