#include "core/monitoring/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/stats/moments.h"

namespace ratchet::monitoring {
namespace {

constexpr double kErrorRateFloor = 0.01;  // DESIGN section 2, phase 5

enum class Metric { kLatency, kErrors };

Metric PromisedMetric(InsightKind kind) {
  switch (kind) {
    case InsightKind::kErrorRateSpike:
    case InsightKind::kRecurringException:
      return Metric::kErrors;
    default:  // throughput follows the users: what serves fewer is made faster, too
      return Metric::kLatency;
  }
}

// One look's relative change of a metric; negative is better.
double RelativeChange(Metric metric, const ServiceMetrics& before, const ServiceMetrics& now) {
  constexpr double kTiny = 1e-9;
  switch (metric) {
    case Metric::kLatency:
      return std::log(std::max(now.latency_p95, kTiny) / std::max(before.latency_p95, kTiny));
    case Metric::kErrors:
      return (now.error_rate - before.error_rate) / std::max(before.error_rate, kErrorRateFloor);
  }
  return 0;
}

double LatencyAndErrorDegradation(const ServiceMetrics& baseline, const ServiceMetrics& now) {
  double worst = 0;
  if (baseline.latency_p95 > 0) {
    worst = std::max(worst, (now.latency_p95 - baseline.latency_p95) / baseline.latency_p95);
  }
  return std::max(worst, (now.error_rate - baseline.error_rate) /
                             std::max(baseline.error_rate, kErrorRateFloor));
}

bool EverythingFails(const ServiceMetrics& baseline, const ServiceMetrics& now) {
  constexpr std::uint64_t kRequestsMin = 5;  // fewer may be one client's bad luck
  return now.requests >= kRequestsMin && now.error_rate >= 0.999 && baseline.error_rate < 0.5;
}

}  // namespace

bool Judge::Usable(const Look& look) const {
  return look.operation.requests >= policy_.requests_min;
}

double Judge::OperationDegradation(const Baseline& baseline, const Look& look) const {
  return Usable(look) ? LatencyAndErrorDegradation(baseline.operation, look.operation) : 0;
}

// The whole component counts too, against errors only: its latency mixes operations, and a change
// of the mix is not a change of the code.
double Judge::ComponentDegradation(const Baseline& baseline, const Look& look) const {
  if (look.component.requests < policy_.requests_min) return 0;
  return std::max(0.0, (look.component.error_rate - baseline.component.error_rate) /
                           std::max(baseline.component.error_rate, kErrorRateFloor));
}

double Judge::LookDegradation(const Baseline& baseline, const Look& look) const {
  return std::max(OperationDegradation(baseline, look), ComponentDegradation(baseline, look));
}

// Bad looks in a row up to the last, of the operation and of the component by themselves. A look
// with few requests says nothing: it neither counts nor breaks a row.
int Judge::BadLooks(const Baseline& baseline, std::span<const Look> looks) const {
  int of_operation = 0, of_component = 0;
  const auto count = [&](int& row, bool heard, double degradation) {
    if (heard) row = degradation > policy_.degradation_threshold ? row + 1 : 0;
  };
  for (const Look& look : looks) {
    count(of_operation, Usable(look), OperationDegradation(baseline, look));
    count(of_component, look.component.requests >= policy_.requests_min,
          ComponentDegradation(baseline, look));
  }
  return std::max(of_operation, of_component);
}

VerdictReason Judge::Decide(InsightKind promise, const Baseline& baseline,
                            std::span<const Look> looks, Instant deployed_at) const {
  VerdictReason reason;
  if (looks.empty()) return reason;
  const Look& last = looks.back();
  reason.degradation = last.degradation;
  if (last.health == Health::kFailing) {
    reason.verdict = Verdict::kRollBack;
    reason.rule = "health";
    reason.explanation = "the health check fails";
    return reason;
  }
  if (EverythingFails(baseline.operation, last.operation)) {
    reason.verdict = Verdict::kRollBack;
    reason.rule = "all_failing";
    reason.explanation = fmt::format("all {} requests of the operation failed; before: {:.2f} %",
                                     last.operation.requests, baseline.operation.error_rate * 100);
    return reason;
  }
  const int bad = BadLooks(baseline, looks);
  if (bad >= policy_.bad_looks) {
    reason.verdict = Verdict::kRollBack;
    reason.rule = "threshold";
    reason.explanation = fmt::format(
        "degradation {:.1f} % above {:.1f} % in {} looks in a row (p95 {:.2f} ms, before {:.2f} "
        "ms; "
        "errors {:.2f} %, before {:.2f} %)",
        last.degradation * 100, policy_.degradation_threshold * 100, bad,
        last.operation.latency_p95, baseline.operation.latency_p95, last.operation.error_rate * 100,
        baseline.operation.error_rate * 100);
    return reason;
  }
  const Duration watched = last.window.end - deployed_at;
  if (watched < policy_.duration) {
    reason.explanation = fmt::format("{} bad looks in a row of {}", bad, policy_.bad_looks);
    return reason;
  }
  reason = DecideAtEnd(promise, baseline, looks, watched);
  reason.degradation = last.degradation;
  return reason;
}

VerdictReason Judge::DecideAtEnd(InsightKind promise, const Baseline& baseline,
                                 std::span<const Look> looks, Duration watched) const {
  const Metric metric = PromisedMetric(promise);
  const Metric other = metric == Metric::kLatency ? Metric::kErrors : Metric::kLatency;
  std::vector<double> changes, other_changes, degradations;
  for (const Look& look : looks) {
    if (!Usable(look)) continue;
    changes.push_back(RelativeChange(metric, baseline.operation, look.operation));
    other_changes.push_back(RelativeChange(other, baseline.operation, look.operation));
    degradations.push_back(look.degradation);
  }
  VerdictReason reason;
  reason.rule = "gain";
  if (static_cast<int>(changes.size()) < policy_.looks_min || baseline.operation.requests == 0) {
    reason.verdict = watched < policy_.duration * 2 ? Verdict::kContinue : Verdict::kInconclusive;
    reason.explanation = fmt::format("{} looks with at least {} requests; {} are needed",
                                     changes.size(), policy_.requests_min, policy_.looks_min);
    return reason;
  }
  const Interval gain = MeanInterval95(changes);
  reason.loss = std::max(0.0, Mean(other_changes));
  const bool logarithmic = metric == Metric::kLatency;
  reason.gain_low = logarithmic ? std::expm1(gain.low) : gain.low;
  reason.gain_high = logarithmic ? std::expm1(gain.high) : gain.high;
  const double worse = Mean(degradations);
  const std::string interval = fmt::format("95 % interval of the change {:+.1f} % to {:+.1f} %",
                                           reason.gain_low * 100, reason.gain_high * 100);
  if (worse > policy_.degradation_threshold) {
    reason.verdict = Verdict::kRollBack;
    reason.explanation = fmt::format("mean degradation {:.1f} %; {}", worse * 100, interval);
  } else if (MeanInterval95(other_changes).low > policy_.loss_max) {
    // Also a loss that would not be taken back by itself: many of them would add up.
    reason.verdict = Verdict::kNoEffect;
    reason.explanation = fmt::format("{} are proven worse; {}",
                                     other == Metric::kErrors ? "errors" : "latencies", interval);
  } else if (gain.high < 0) {
    reason.verdict = Verdict::kKeep;
    reason.explanation = "the promised gain is proven: " + interval;
  } else {
    reason.verdict = Verdict::kNoEffect;
    reason.explanation = "the promised gain is not proven: " + interval;
  }
  return reason;
}

}  // namespace ratchet::monitoring
