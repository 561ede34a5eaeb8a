#pragma once
// The figures of a call shape beside its operation's, for the detectors that look at calls.

#include <optional>

#include "core/analysis/detector.h"

namespace ratchet::analysis {

struct CallFigures {
  double mean_ms = 0;
  double repeated_share = 0;  // of the calls, identical to one of the five minutes before
  double saved_share = 0;     // of the operation's time, if results were remembered
  double time_share = 0;      // of the operation's time
  double per_request = 0;     // 0: not known
  double operation_p95_ms = 0;
};

// Empty with too few calls or requests to say anything.
std::optional<CallFigures> FiguresOf(const CallShape& shape, const AnalysisInput& input,
                                     const DetectorPolicy& policy);

// Whether its code is known and it takes long enough to be worth a change.
bool IsWorthAChange(const CallShape& shape, const CallFigures& figures,
                    const DetectorPolicy& policy);

// Whether remembering its results would save enough; such a call is not told as slow, too.
bool IsRepeated(const CallShape& shape, const CallFigures& figures, const DetectorPolicy& policy);

// With the figures as evidence.
Insight InsightOf(InsightKind kind, const CallShape& shape, const CallFigures& figures,
                  const AnalysisInput& input);

}  // namespace ratchet::analysis
