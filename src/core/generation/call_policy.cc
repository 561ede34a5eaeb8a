#include "core/generation/call_policy.h"

#include <algorithm>

namespace ratchet::generation {

Duration LongestCall(const CallPolicy& policy) {
  return policy.timeout + policy.retries * (policy.timeout + policy.longest_wait);
}

double CostOf(const TokenPrices& prices, TokenCount tokens) {
  return (static_cast<double>(tokens.in) * prices.usd_per_million_in +
          static_cast<double>(tokens.out) * prices.usd_per_million_out) /
         1e6;
}

Duration WaitBefore(int retry, Duration asked_for, const CallPolicy& policy) {
  constexpr int kLongestShift = 20;
  const Duration backoff{1000LL << std::min(retry, kLongestShift)};
  return std::min(std::max(backoff, asked_for), policy.longest_wait);
}

}  // namespace ratchet::generation
