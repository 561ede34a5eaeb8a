#include "core/cycle/cycle_advance.h"

#include <fmt/format.h>

#include "core/model/names.h"

namespace ratchet::cycle {

Result<Cycle> AdvanceCycle(Cycle cycle, const CycleEvent& event, Instant now) {
  const auto unfit = [&]() -> Result<Cycle> {
    return Fail(ErrorCode::kConflict,
                fmt::format("cycle {} is {}", cycle.id.value, Name(cycle.status)));
  };
  if (std::holds_alternative<AnalysisStarted>(event)) {
    if (cycle.status != CycleStatus::kQueued) return unfit();
    cycle.status = CycleStatus::kAnalysing;
    cycle.start_time = now;
    return cycle;
  }
  if (const auto* done = std::get_if<AnalysisDone>(&event)) {
    if (cycle.status != CycleStatus::kAnalysing) return unfit();
    cycle.status = CycleStatus::kImproving;
    cycle.telemetry = done->telemetry;
    cycle.opportunities_identified = done->opportunities;
    cycle.improvements = done->improvements;
    return cycle;
  }
  if (const auto* failed = std::get_if<AnalysisFailed>(&event)) {
    if (cycle.status != CycleStatus::kAnalysing) return unfit();
    cycle.status = CycleStatus::kFailed;
    cycle.error = failed->reason;
    cycle.end_time = now;
    return cycle;
  }
  if (cycle.status != CycleStatus::kImproving) return unfit();
  cycle.status = CycleStatus::kCompleted;
  cycle.end_time = now;
  return cycle;
}

bool IsSettled(const Improvement& improvement) {
  switch (improvement.status) {
    case ImprovementStatus::kQueued:
    case ImprovementStatus::kGenerating:
    case ImprovementStatus::kValidating:
    case ImprovementStatus::kDeploying:
      return false;
    case ImprovementStatus::kAwaitingApproval:
      return !improvement.approval.has_value();
    default:
      return true;
  }
}

}  // namespace ratchet::cycle
