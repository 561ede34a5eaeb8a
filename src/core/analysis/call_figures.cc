#include "core/analysis/call_figures.h"

#include <algorithm>

namespace ratchet::analysis {

std::optional<CallFigures> FiguresOf(const CallShape& shape, const AnalysisInput& input,
                                     const DetectorPolicy& policy) {
  const Summary& operation =
      input.histories.Of({shape.tenant, shape.component, shape.operation}).calls;
  if (shape.calls < policy.requests_min || operation.count < policy.requests_min) return {};
  if (operation.sum <= 0) return {};
  const auto calls = static_cast<double>(shape.calls);
  return CallFigures{
      .mean_ms = shape.total_ms / calls,
      .repeated_share = static_cast<double>(shape.repeats) / calls,
      .saved_share = std::min(1.0, shape.repeat_ms / operation.sum),
      .time_share = std::min(1.0, shape.total_ms / operation.sum),
      .per_request = shape.parents == 0 ? 0 : calls / static_cast<double>(shape.parents),
      .operation_p95_ms = operation.sketch.Quantile(0.95)};
}

bool IsWorthAChange(const CallShape& shape, const CallFigures& figures,
                    const DetectorPolicy& policy) {
  return figures.mean_ms >= policy.repeat_call_ms_min && !shape.code.function.empty();
}

bool IsRepeated(const CallShape& shape, const CallFigures& figures, const DetectorPolicy& policy) {
  return IsWorthAChange(shape, figures, policy) &&
         figures.repeated_share >= policy.repeat_share_min &&
         figures.saved_share >= policy.repeat_gain_share_min;
}

Insight InsightOf(InsightKind kind, const CallShape& shape, const CallFigures& figures,
                  const AnalysisInput& input) {
  const AnalysisWindows& windows = input.histories.windows();
  Insight insight = NewInsight(kind, input, {shape.tenant, shape.component, shape.operation});
  insight.evidence = {
      {"calls", static_cast<double>(shape.calls), "",
       "in " + FormatDuration(windows.now - windows.calls_from(shape.component))},
      {"call_mean_ms", figures.mean_ms, "ms", ""},
      {"repeated_pct", figures.repeated_share * 100, "%",
       "identical to a call in the five minutes before"},
      {"operation_share_pct", figures.time_share * 100, "%", "of the operation's time"},
      {"saved_pct", figures.saved_share * 100, "%", "of the operation's time, if remembered"},
      {"latency_p95_ms", figures.operation_p95_ms, "ms", "of the operation"},
      {"users", static_cast<double>(shape.users), "", "distinct, 0 = not reported"}};
  insight.cause = shape.name + "\n" + shape.statement;
  insight.code = shape.code;
  insight.confidence = std::min(0.95, 0.7 + static_cast<double>(shape.calls) / 4000.0);
  return insight;
}

}  // namespace ratchet::analysis
