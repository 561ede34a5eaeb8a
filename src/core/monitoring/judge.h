#pragma once
// The judge decides whether a deployed change stays.
//
// It is pure: it reads the looks it is given and never calls out, so the same evidence always
// gives the same verdict. This is the rule `threshold`: the degradation compared literally,
// guarded by a minimum of requests a look, by asking for several bad looks in a row, and, for
// errors, by asking that they be more than chance. Formulas and limits: docs/monitoring.md.
// Thread-safe: const methods may run concurrently.

#include <map>
#include <span>
#include <string>

#include "core/model/insight.h"
#include "core/model/monitoring.h"
#include "core/stats/counts.h"

namespace ratchet::monitoring {

using ratchet::JudgePolicy;

// Other operations of the component that are plainly slower than in the baseline: with at least 100
// requests on both sides, their median and their p95 both more than 50 % worse. By less they are
// not judged: there may be many of them, and some are slower by chance in every look.
std::map<std::string, double> Slowed(const Baseline& baseline,
                                     const std::map<std::string, ServiceMetrics>& now);

class Judge {
 public:
  explicit Judge(JudgePolicy policy) : policy_(policy) {}

  // `looks` are in time order. The last one decides "now". Before policy.duration has passed the
  // answer is kContinue or kRollBack. Silence is never kKeep: without looks_min usable looks the
  // end is kContinue up to twice the duration, then kInconclusive.
  [[nodiscard]] VerdictReason Decide(InsightKind promise, const Baseline& baseline,
                                     std::span<const Look> looks, Instant deployed_at) const;

  // max of, where worse: (p95-p95₀)/p95₀ and (err-err₀)/max(err₀, 0.01) of the operation, and the
  // latter of the whole component. Throughput is left out: it follows the users, not the change.
  [[nodiscard]] double LookDegradation(const Baseline& baseline, const Look& look) const;

 private:
  [[nodiscard]] bool Usable(const Look& look) const;
  [[nodiscard]] int BadLooks(const Baseline& baseline, std::span<const Look> looks) const;
  [[nodiscard]] std::string SlowedInARow(std::span<const Look> looks) const;
  [[nodiscard]] bool MoreErrors(const ServiceMetrics& baseline, EventCount seen,
                                double alpha) const;
  [[nodiscard]] VerdictReason DecideAtEnd(InsightKind promise, const Baseline& baseline,
                                          std::span<const Look> looks, Duration watched) const;
  JudgePolicy policy_;
};

}  // namespace ratchet::monitoring
