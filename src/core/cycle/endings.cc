#include "core/cycle/endings.h"

#include <algorithm>

namespace ratchet::cycle {

std::optional<ImprovementId> ForbiddenBy(std::span<const Outcome> outcomes,
                                         const Improvement& improvement) {
  const auto same = [&](const Outcome& outcome) {
    return ForbidsAgain(outcome.reason) && outcome.improvement != improvement.id &&
           outcome.component == improvement.opportunity.component &&
           outcome.version_before == improvement.tree_before &&
           outcome.version_after == improvement.tree_after;
  };
  const auto at = std::ranges::find_if(outcomes, same);
  if (at == outcomes.end()) return std::nullopt;
  return at->improvement;
}

void StandBack(std::vector<Opportunity>& opportunities, std::span<const Outcome> lately) {
  std::vector<std::pair<Instant, size_t>> order;  // the last try in vain, and the place before
  order.reserve(opportunities.size());
  for (size_t i = 0; i < opportunities.size(); ++i) {
    const Opportunity& opportunity = opportunities[i];
    Instant last;
    for (const Outcome& outcome : lately) {
      const bool same = outcome.component == opportunity.component &&
                        outcome.operation == opportunity.operation &&
                        outcome.kind == opportunity.kind;
      if (same && WasInVain(outcome.reason)) last = std::max(last, outcome.at);
    }
    order.emplace_back(last, i);
  }
  std::ranges::sort(order);
  std::vector<Opportunity> sorted;
  sorted.reserve(opportunities.size());
  for (const auto& [last, i] : order) sorted.push_back(std::move(opportunities[i]));
  opportunities = std::move(sorted);
}

}  // namespace ratchet::cycle
