#include "core/monitoring/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/stats/moments.h"

namespace ratchet::monitoring {
namespace {

constexpr double kErrorRateFloor = 0.01;  // docs/monitoring.md
constexpr double kAlpha = 0.005;  // for the operation's errors, and as much for the component's

double LogP95(const ServiceMetrics& metrics) {
  constexpr double kTiny = 1e-9;
  return std::log(std::max(metrics.latency_p95, kTiny));
}

// What changed by the looks, on average; negative is better. Latencies as log ratios, errors as in
// the degradation.
struct Changes {
  Interval latency, errors;
  double mean_latency = 0;
};

Changes ChangesSince(const Baseline& baseline, std::span<const Look> usable) {
  const double before = baseline.operation.error_rate;
  std::vector<double> log_p95, errors;
  for (const Look& look : usable) {
    if (look.operation.latency_p95 > 0) log_p95.push_back(LogP95(look.operation));
    errors.push_back((look.operation.error_rate - before) / std::max(before, kErrorRateFloor));
  }
  const Moments looks = MomentsOf(log_p95);
  Changes changes{.errors = MeanInterval95(MomentsOf(errors))};
  if (baseline.log_p95.count >= 2) {
    changes.latency = DifferenceInterval95(baseline.log_p95, looks);
    changes.mean_latency = looks.mean - baseline.log_p95.mean;
  } else {
    // One figure of a baseline too short for blocks is as uncertain as one look.
    const double before_change =
        baseline.log_p95.count == 1 ? baseline.log_p95.mean : LogP95(baseline.operation);
    const Interval interval = MeanInterval95(looks);
    const double half =
        (interval.high - interval.low) / 2 * std::sqrt(static_cast<double>(looks.count) + 1);
    changes.mean_latency = looks.mean - before_change;
    changes.latency = {changes.mean_latency - half, changes.mean_latency + half};
  }
  return changes;
}

double LatencyDegradation(const ServiceMetrics& baseline, const ServiceMetrics& now) {
  if (baseline.latency_p95 <= 0) return 0;
  return std::max(0.0, (now.latency_p95 - baseline.latency_p95) / baseline.latency_p95);
}

double ErrorDegradation(const ServiceMetrics& baseline, double error_rate) {
  return std::max(
      0.0, (error_rate - baseline.error_rate) / std::max(baseline.error_rate, kErrorRateFloor));
}

EventCount Errors(const ServiceMetrics& metrics) {
  const double errors = metrics.error_rate * static_cast<double>(metrics.requests);
  return {static_cast<std::uint64_t>(std::llround(errors)), metrics.requests};
}

void Add(EventCount& sum, const EventCount& more) {
  sum.events += more.events;
  sum.trials += more.trials;
}

bool EverythingFails(const ServiceMetrics& baseline, const ServiceMetrics& now) {
  constexpr std::uint64_t kRequestsMin = 5;  // fewer may be one client's bad luck
  return now.requests >= kRequestsMin && now.error_rate >= 0.999 && baseline.error_rate < 0.5;
}

}  // namespace

std::map<std::string, double> Slowed(const Baseline& baseline,
                                     const std::map<std::string, ServiceMetrics>& now) {
  constexpr std::uint64_t kRequestsMin = 100;
  constexpr double kPlainly = 0.5;
  std::map<std::string, double> slowed;
  for (const auto& [operation, metrics] : now) {
    const auto before = baseline.others.find(operation);
    if (before == baseline.others.end() || before->second.latency_p50 <= 0) continue;
    if (metrics.requests < kRequestsMin || before->second.requests < kRequestsMin) continue;
    const double worse = std::min(metrics.latency_p50 / before->second.latency_p50,
                                  metrics.latency_p95 / before->second.latency_p95) -
                         1;
    if (worse > kPlainly) slowed[operation] = worse;
  }
  return slowed;
}

bool Judge::Usable(const Look& look) const {
  return look.operation.requests >= policy_.requests_min;
}

double Judge::LookDegradation(const Baseline& baseline, const Look& look) const {
  double worst = 0;
  if (Usable(look)) {
    worst = std::max(LatencyDegradation(baseline.operation, look.operation),
                     ErrorDegradation(baseline.operation, look.operation.error_rate));
  }
  // The whole component counts too, against errors only: its latency mixes operations, and a
  // change of the mix is not a change of the code.
  if (look.component.requests >= policy_.requests_min)
    worst = std::max(worst, ErrorDegradation(baseline.component, look.component.error_rate));
  return worst;
}

// More than chance, over the whole watch: one failure among few requests is a high rate and says
// nothing. The baseline's own count is granted one failure more than it had.
bool Judge::MoreErrors(const ServiceMetrics& baseline, EventCount seen, double alpha) const {
  constexpr std::uint64_t kEventsMin = 3;
  const double known = static_cast<double>(std::max<std::uint64_t>(1, baseline.requests));
  const double before = baseline.error_rate + 1 / known;
  const double allowed = before + policy_.degradation_threshold * std::max(before, kErrorRateFloor);
  return seen.events >= kEventsMin &&
         static_cast<double>(seen.events) > allowed * static_cast<double>(seen.trials) &&
         LogEvidenceOfMore(seen, allowed) >= -std::log(alpha);
}

// Bad looks in a row up to the last: by the operation's latency, its errors, and the component's
// errors, each by itself. A look with few requests says nothing: it neither counts nor breaks a
// row.
int Judge::BadLooks(const Baseline& baseline, std::span<const Look> looks) const {
  struct Row {
    int bad = 0;
    EventCount errors, recent;  // of the whole watch, and since the row began
  } latency, operation, component;
  const auto count = [&](Row& row, double degradation) {
    row.bad = degradation > policy_.degradation_threshold ? row.bad + 1 : 0;
    if (row.bad <= 1) row.recent = {};
  };
  for (const Look& look : looks) {
    if (Usable(look)) {
      count(latency, LatencyDegradation(baseline.operation, look.operation));
      count(operation, ErrorDegradation(baseline.operation, look.operation.error_rate));
    }
    if (look.component.requests >= policy_.requests_min)
      count(component, ErrorDegradation(baseline.component, look.component.error_rate));
    for (EventCount* sum : {&operation.errors, &operation.recent})
      Add(*sum, Errors(look.operation));
    for (EventCount* sum : {&component.errors, &component.recent})
      Add(*sum, Errors(look.component));
  }
  // A row that begins late shows in itself before it shows in the sum; it may begin at any look,
  // and each of them is a test of its own.
  const double alpha_of_a_row = kAlpha / static_cast<double>(std::max<size_t>(1, looks.size()));
  const auto proven = [&](const ServiceMetrics& before, const Row& row) {
    return MoreErrors(before, row.errors, kAlpha) || MoreErrors(before, row.recent, alpha_of_a_row);
  };
  int worst = latency.bad;
  if (proven(baseline.operation, operation)) worst = std::max(worst, operation.bad);
  if (proven(baseline.component, component)) worst = std::max(worst, component.bad);
  return worst;
}

// The operation that was slowed in all of the last bad_looks looks; "" if none was.
std::string Judge::SlowedInARow(std::span<const Look> looks) const {
  const auto wanted = static_cast<size_t>(policy_.bad_looks);
  if (looks.size() < wanted) return {};
  const auto last = looks.last(wanted);
  for (const auto& [operation, worse] : last.back().slowed) {
    if (std::ranges::all_of(last, [&](const Look& l) { return l.slowed.contains(operation); }))
      return operation;
  }
  return {};
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
  if (const std::string operation = SlowedInARow(looks); !operation.empty()) {
    reason.verdict = Verdict::kRollBack;
    reason.rule = "threshold";
    reason.degradation = last.slowed.at(operation);
    reason.explanation = fmt::format(
        "the operation {} of the same component is {:.0f} % slower in {} looks in a row", operation,
        reason.degradation * 100, policy_.bad_looks);
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
  const Promise metric = TraitsOf(promise).promise;
  const bool logarithmic = metric == Promise::kLatency;
  std::vector<Look> usable;
  EventCount errors, component_errors;
  for (const Look& look : looks) {
    Add(errors, Errors(look.operation));
    Add(component_errors, Errors(look.component));
    if (Usable(look)) usable.push_back(look);
  }
  VerdictReason reason;
  reason.rule = "gain";
  if (static_cast<int>(usable.size()) < policy_.looks_min || baseline.operation.requests == 0) {
    reason.verdict = watched < policy_.duration * 2 ? Verdict::kContinue : Verdict::kInconclusive;
    reason.explanation = fmt::format("{} looks with at least {} requests; {} are needed",
                                     usable.size(), policy_.requests_min, policy_.looks_min);
    return reason;
  }
  const Changes changes = ChangesSince(baseline, usable);
  const Interval gain = logarithmic ? changes.latency : changes.errors;
  const Interval other = logarithmic ? changes.errors : changes.latency;
  reason.loss = std::max(0.0, other.low);
  reason.gain_low = logarithmic ? std::expm1(gain.low) : gain.low;
  reason.gain_high = logarithmic ? std::expm1(gain.high) : gain.high;
  const double slower = std::expm1(changes.mean_latency);
  const std::string interval = fmt::format("95 % interval of the change {:+.1f} % to {:+.1f} %",
                                           reason.gain_low * 100, reason.gain_high * 100);
  const bool failing = MoreErrors(baseline.operation, errors, kAlpha) ||
                       MoreErrors(baseline.component, component_errors, kAlpha);
  if (slower > policy_.degradation_threshold || failing) {
    reason.verdict = Verdict::kRollBack;
    reason.explanation =
        failing ? fmt::format("{} errors in {} requests are more than before; {}",
                              component_errors.events, component_errors.trials, interval)
                : fmt::format("p95 is {:.1f} % worse on average; {}", slower * 100, interval);
  } else if (reason.loss > policy_.loss_max) {
    // Also a loss that would not be taken back by itself: many of them would add up.
    reason.verdict = Verdict::kNoEffect;
    reason.explanation =
        fmt::format("{} are proven worse; {}", logarithmic ? "errors" : "latencies", interval);
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
