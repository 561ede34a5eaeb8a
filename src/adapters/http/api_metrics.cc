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
  const auto count = [&](const char* name, const char* help, std::int64_t value) {
    add(name, "counter", help, static_cast<double>(value));
  };
  const StateTotals& totals = input.totals;
  count("improvement_cycles_started", "Cycles started.", totals.cycles_started);
  count("improvement_cycles_completed", "Cycles completed.", totals.cycles_completed);
  count("improvement_cycles_failed", "Cycles failed.", totals.cycles_failed);
  count("improvements_deployed", "Improvements that were deployed.", totals.improvements_deployed);
  count("improvements_rolled_back", "Improvements that were taken back.",
        totals.improvements_rolled_back);
  add("cycle_duration_seconds", "gauge", "Duration of the last cycle that ended.",
      totals.cycle_seconds_last);
  count("opportunities_identified", "Opportunities found.", totals.opportunities);
  add("impact_score_total", "gauge", "Impact scores of the improvements that were kept.",
      totals.impact);
  count("llm_tokens_used", "Tokens used by language models.", totals.tokens);
  add("effects_pending", "gauge", "Effects asked for and not answered.",
      static_cast<double>(input.effects_pending));
  add("stopped", "gauge", "1 while the kill switch is on.", input.stopped ? 1 : 0);
  return text;
}

}  // namespace ratchet::http
