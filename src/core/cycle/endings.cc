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
  std::vector<std::pair<Instant, Opportunity>> order;  // by the last try in vain, the first: never
  order.reserve(opportunities.size());
  for (Opportunity& opportunity : opportunities) {
    Instant last;
    for (const Outcome& outcome : lately) {
      const bool same = outcome.component == opportunity.component &&
                        outcome.operation == opportunity.operation &&
                        outcome.kind == opportunity.kind;
      if (same && WasInVain(outcome.reason)) last = std::max(last, outcome.at);
    }
    order.emplace_back(last, std::move(opportunity));
  }
  std::ranges::stable_sort(order, {}, &std::pair<Instant, Opportunity>::first);
  opportunities.clear();
  for (auto& [last, opportunity] : order) opportunities.push_back(std::move(opportunity));
}

}  // namespace ratchet::cycle
