#include "core/analysis/impact.h"

#include <algorithm>
#include <tuple>

namespace ratchet::analysis {
namespace {

double SeverityFactor(Severity severity) {
  switch (severity) {
    case Severity::kCritical:
      return 2.0;
    case Severity::kHigh:
      return 1.5;
    case Severity::kMedium:
      return 1.0;
    case Severity::kLow:
      return 0.5;
  }
  return 1.0;
}

double RiskFactor(Risk risk) {
  switch (risk) {
    case Risk::kHigh:
      return 0.5;
    case Risk::kMedium:
      return 0.8;
    case Risk::kLow:
      return 1.0;
  }
  return 1.0;
}

}  // namespace

double ImpactScore(const Opportunity& o) {
  double score =
      o.gain_pct.value * o.affected_users_per_hour.value * o.frequency_per_day.value / 100;
  score *= SeverityFactor(o.severity);
  if (o.confidence < 0.7) score *= 0.5;
  return score * RiskFactor(o.risk);
}

Level LevelOf(double score) {
  if (score > 5000) return Level::kCritical;
  if (score > 1000) return Level::kHigh;
  if (score > 100) return Level::kMedium;
  return Level::kLow;
}

void SortByPriority(std::vector<Opportunity>& opportunities) {
  const auto critical = [](const Opportunity& o) { return o.severity == Severity::kCritical; };
  std::ranges::sort(opportunities, [&](const Opportunity& a, const Opportunity& b) {
    return std::tuple(!critical(a), -a.score, a.id) < std::tuple(!critical(b), -b.score, b.id);
  });
  constexpr double kGroupShare = 0.9;
  for (auto first = opportunities.begin(); first != opportunities.end();) {
    const auto last = std::find_if(first, opportunities.end(), [&](const Opportunity& o) {
      return critical(o) != critical(*first) || o.score < kGroupShare * first->score;
    });
    std::sort(first, last, [](const Opportunity& a, const Opportunity& b) {
      return std::tuple(a.risk, -a.confidence, a.id) < std::tuple(b.risk, -b.confidence, b.id);
    });
    first = last;
  }
}

}  // namespace ratchet::analysis
