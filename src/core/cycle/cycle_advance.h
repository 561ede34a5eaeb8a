#pragma once
// The life of a cycle: queued → analysing → improving → completed, or failed.

#include "core/cycle/events.h"

namespace ratchet::cycle {

struct AnalysisStarted {};
struct AnalysisDone {
  TelemetryCounts telemetry;
  int opportunities = 0;
  std::vector<ImprovementId> improvements;
};
struct AnalysisFailed {
  std::string reason;
};
struct AllSettled {};  // every improvement is deployed, waiting for a person, or ended

using CycleEvent = std::variant<AnalysisStarted, AnalysisDone, AnalysisFailed, AllSettled>;

// kConflict when the event does not fit the state.
Result<Cycle> AdvanceCycle(Cycle cycle, const CycleEvent& event, Instant now);

// A cycle does not wait for watches or for people.
bool IsSettled(const Improvement& improvement);

}  // namespace ratchet::cycle
