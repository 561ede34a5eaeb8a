#include <fmt/format.h>

#include "adapters/http/api.h"

namespace ratchet::http {

// Prometheus text format 0.0.4; the names are the contract's, with the project's prefix.
std::string PrometheusText(const MetricsInput& input) {
  std::string text;
  const auto add = [&](const char* name, const char* type, const char* help, double value) {
    text += fmt::format("# HELP ratchet_{0} {1}\n# TYPE ratchet_{0} {2}\nratchet_{0} {3}\n", name,
                        help, type, value);
  };
  const auto cycles = [&](CycleStatus status) {
    const auto at = input.cycles.find(status);
    return at == input.cycles.end() ? 0 : at->second;
  };
  const auto improvements = [&](std::initializer_list<ImprovementStatus> statuses) {
    int sum = 0;
    for (const ImprovementStatus status : statuses) {
      const auto at = input.improvements.find(status);
      if (at != input.improvements.end()) sum += at->second;
    }
    return sum;
  };
  int started = 0;
  for (const auto& [status, count] : input.cycles) started += count;
  using S = ImprovementStatus;
  add("improvement_cycles_started", "counter", "Cycles started.", started);
  add("improvement_cycles_completed", "counter", "Cycles completed.",
      cycles(CycleStatus::kCompleted));
  add("improvement_cycles_failed", "counter", "Cycles failed.", cycles(CycleStatus::kFailed));
  add("improvements_deployed", "counter", "Improvements that were deployed.",
      improvements({S::kCanary, S::kMonitoring, S::kRollingBack, S::kCompleted, S::kRolledBack}));
  add("improvements_rolled_back", "counter", "Improvements that were taken back.",
      improvements({S::kRolledBack}));
  add("cycle_duration_seconds", "gauge", "Duration of the last completed cycle.",
      input.cycle_seconds_last);
  add("opportunities_identified", "counter", "Opportunities found.",
      static_cast<double>(input.opportunities));
  add("impact_score_total", "counter", "Impact scores of improvements that stay.",
      input.impact_total);
  add("llm_tokens_used", "counter", "Tokens used by language models.", input.tokens);
  add("effects_pending", "gauge", "Effects asked for and not answered.",
      static_cast<double>(input.effects_pending));
  add("stopped", "gauge", "1 while the kill switch is on.", input.stopped ? 1 : 0);
  return text;
}

}  // namespace ratchet::http
