#include "core/reporting/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/model/names.h"

namespace ratchet::reporting {
namespace {

using Json = nlohmann::json;

Json MetricsJson(const ServiceMetrics& m) {
  return {{"latency_p50", m.latency_p50},
          {"latency_p95", m.latency_p95},
          {"latency_p99", m.latency_p99},
          {"error_rate", m.error_rate},
          {"throughput", m.throughput}};
}

}  // namespace

ServiceMetrics FinalMetrics(const std::vector<Look>& looks) {
  ServiceMetrics sum;
  double weight = 0;
  for (const Look& look : looks) {
    const auto requests = static_cast<double>(look.operation.requests);
    sum.latency_p50 += look.operation.latency_p50 * requests;
    sum.latency_p95 += look.operation.latency_p95 * requests;
    sum.latency_p99 += look.operation.latency_p99 * requests;
    sum.error_rate += look.operation.error_rate * requests;
    sum.throughput += look.operation.throughput * requests;
    sum.requests += look.operation.requests;
    weight += requests;
  }
  if (weight == 0) return {};
  for (double* value :
       {&sum.latency_p50, &sum.latency_p95, &sum.latency_p99, &sum.error_rate, &sum.throughput})
    *value /= weight;
  return sum;
}

Json Assessment(const Improvement& improvement, const std::optional<Watch>& watched) {
  const Watch watch = watched.value_or(Watch());
  const ServiceMetrics& before = watch.baseline.operation;
  const ServiceMetrics after = FinalMetrics(watch.looks);
  const double reduction = before.latency_p95 - after.latency_p95;
  Json metrics = {
      {"baseline", MetricsJson(before)}, {"final", MetricsJson(after)}, {"improvement", nullptr}};
  if (after.requests > 0) {
    metrics["improvement"] = {{"latency_reduction_ms", reduction},
                              {"latency_reduction_pct",
                               before.latency_p95 > 0 ? 100 * reduction / before.latency_p95 : 0},
                              {"error_rate_change", after.error_rate - before.error_rate},
                              {"throughput_change", after.throughput - before.throughput}};
  }
  const Instant end = improvement.ended_at.value_or(improvement.changed_at);
  return {{"improvement_id", improvement.id.value},
          {"status", Name(improvement.status)},
          {"tenant", improvement.opportunity.tenant.value},
          {"component", improvement.opportunity.component.value},
          {"operation", improvement.opportunity.operation},
          {"kind", Name(improvement.opportunity.kind)},
          {"author", improvement.author_name},
          {"summary", improvement.summary},
          {"end", Name(improvement.end)},
          {"reason", improvement.reason},
          {"impact_score", improvement.opportunity.score},
          {"verdict",
           {{"verdict", Name(watch.verdict.verdict)},
            {"rule", watch.verdict.rule},
            {"explanation", watch.verdict.explanation}}},
          {"metrics", metrics},
          {"execution_time_seconds", Seconds(end - improvement.created_at)},
          {"cost",
           {{"llm_tokens", improvement.llm_tokens},
            {"llm_cost_usd", improvement.llm_cost_usd},
            {"cloudwatch_api_calls", 0}}}};
}

Json CycleReport(const Cycle& cycle, const std::vector<Assessed>& improvements, Instant now) {
  const Instant end = cycle.end_time.value_or(now);
  double impact = 0;
  int attempted = 0, deployed = 0, rolled_back = 0;
  Json assessments = Json::array();
  for (const auto& [improvement, watch] : improvements) {
    assessments.push_back(Assessment(improvement, watch));
    if (improvement.status != ImprovementStatus::kQueued) ++attempted;
    if (!improvement.deployed_at) continue;
    ++deployed;
    if (improvement.status == ImprovementStatus::kRolledBack)
      ++rolled_back;
    else if (improvement.status != ImprovementStatus::kSuperseded)
      impact += improvement.opportunity.score;
  }
  return {{"cycle_id", cycle.id.value},
          {"tenant", cycle.tenant.value},
          {"trigger", Name(cycle.trigger)},
          {"priority", Name(cycle.priority)},
          {"status", Name(cycle.status)},
          {"error", cycle.error},
          {"start_time", FormatInstant(cycle.start_time)},
          {"end_time", cycle.end_time ? Json(FormatInstant(*cycle.end_time)) : Json()},
          {"duration_seconds", Seconds(end - cycle.start_time)},
          {"telemetry_analyzed",
           {{"metrics", cycle.telemetry.metrics + cycle.telemetry.spans},
            {"logs", cycle.telemetry.logs},
            {"events", cycle.telemetry.events}}},
          {"opportunities_identified", cycle.opportunities_identified},
          {"improvements_attempted", attempted},
          {"improvements_deployed", deployed},
          {"improvements_rolled_back", rolled_back},
          {"total_impact", impact},
          {"improvements", assessments}};
}

}  // namespace ratchet::reporting
