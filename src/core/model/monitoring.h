#pragma once
// What is seen of a deployed change, and what is decided on it.

#include <map>
#include <string>
#include <utility>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/stats/moments.h"

namespace ratchet {

// By what a deployed version is judged.
struct JudgePolicy {
  double degradation_threshold = 0.10;
  Duration duration{3'600'000};
  Duration interval{60'000};
  std::uint64_t requests_min = 30;  // a look with fewer says nothing
  int bad_looks = 3;                // so many bad looks in a row take the change back
  int looks_min = 5;                // so many looks with enough requests before a gain is believed
  double loss_max = 0.05;           // of the metric that is not promised; what others' release left
};

struct ServiceMetrics {
  double latency_p50 = 0, latency_p95 = 0, latency_p99 = 0;  // ms
  double error_rate = 0;                                     // 0..1
  double throughput = 0;                                     // requests/s
  std::uint64_t requests = 0;
};

// What an operation's requests are counted and timed by. Spans are exact but may be sampled.
enum class LatencySource { kSpans, kHistograms };
using LatencySources = std::map<std::pair<ComponentId, std::string>, LatencySource>;  // operations

// Before the deployment: the operation the change is for, and the whole component.
struct Baseline {
  Window window{};  // from the first telemetry that there is
  ServiceMetrics operation, component;
  LatencySources sources;                        // looks are read from the same
  std::map<std::string, ServiceMetrics> others;  // the component's other operations
  // Of the natural logarithm of the operation's p95 (ms) in blocks as long as a look, of those with
  // enough requests: what looks are compared with. The p95 of a long time is that of its slow
  // minutes, so that beside it every short look seems better than it is.
  Moments log_p95;
};

enum class Health { kUnknown, kHealthy, kFailing };

struct Look {
  Window window{};
  ServiceMetrics operation, component;
  Health health = Health::kUnknown;
  double degradation = 0;                // the worse of operation and component; 0.1 = 10 % worse
  std::map<std::string, double> slowed;  // other operations that are plainly slower; 0.5 = 50 %
};

enum class Verdict { kContinue, kRollBack, kKeep, kNoEffect, kInconclusive };

struct VerdictReason {
  Verdict verdict = Verdict::kContinue;
  std::string rule;         // "threshold", "health", "gain"
  std::string explanation;  // values against thresholds, for people
  double degradation = 0;
  double gain_low = 0,
         gain_high = 0;  // 95 % interval of the relative p95 change; negative = faster
  double loss = 0;       // how much worse the metric not promised is at least; 0.1 = 10 %
};

}  // namespace ratchet
