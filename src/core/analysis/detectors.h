#pragma once
// The detectors of phase 2: from stored telemetry to insights.
//
// Pure: everything they look at is in the input. Which there are says detector_list.h; what is
// known to be wrong with them, docs/analysis.md. Thresholds are configurable.

#include <span>
#include <vector>

#include "core/analysis/history.h"
#include "core/model/insight.h"

namespace ratchet::analysis {

struct DetectorPolicy {
  double latency_sigmas = 2.0;
  double latency_worse_share = 0.20;
  double error_rate_increase = 0.05;  // absolute: percentage points / 100
  double throughput_drop_share = 0.30;
  std::uint64_t exceptions_an_hour = 10;
  Duration exception_seen_within{3'600'000};
  double repeat_share_min = 0.30;       // of calls, identical to one of the last five minutes
  double repeat_gain_share_min = 0.20;  // of the operation's time that a cache would save
  double repeat_call_ms_min = 1.0;      // cheaper calls are not worth remembering
  double hot_share_min = 0.50;          // of a slow operation's time in one function
  double slow_ms = 20.0;                // a p95 above makes an operation slow
  double queries_a_request_min = 8.0;   // the same statement shape under one parent
  std::uint64_t requests_min = 30;      // fewer are "insufficient data", never "ok"
};

struct AnalysisInput {
  CycleId cycle;
  Histories histories;                 // of the operations' requests
  std::vector<ErrorCluster> clusters;  // counted over the current window
  std::vector<CallShape> shapes;       // of the window of calls
};

// With ids in order.
std::vector<Insight> Detect(const AnalysisInput& input, const DetectorPolicy& policy);

}  // namespace ratchet::analysis
