#pragma once
// A detector finds one kind of insight and says what the kind means as work. Each stands in a file
// of its own and joins in kAllDetectors of detector_list.h.

#include <string>
#include <string_view>
#include <vector>

#include "core/analysis/detectors.h"

namespace ratchet::analysis {

struct Detector {
  InsightKind kind;
  // Insights without ids. Too little data is no insight.
  std::vector<Insight> (*find)(const AnalysisInput&, const DetectorPolicy&);
  // What mending one would gain, in % of the operation's latency or errors.
  Figure (*gain)(const Insight&);
  // What a change must achieve, in one sentence.
  std::string (*requirement)(const Insight&);
};

// What detectors share.

Insight NewInsight(InsightKind kind, const AnalysisInput& input, const OperationKey& operation);

// From the operation's first request on: hours without any count, too.
Duration BaselineLength(const AnalysisInput& input, const RequestHistory& history);

// A baseline shorter than asked for lowers confidence in proportion, and the evidence says so.
void SetBaselineConfidence(const AnalysisInput& input, const RequestHistory& history,
                           Insight& insight);

// 0 when it was not measured.
double EvidenceValue(const std::vector<Evidence>& evidence, std::string_view name);

}  // namespace ratchet::analysis
