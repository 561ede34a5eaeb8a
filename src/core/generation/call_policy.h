#pragma once
// How a language model is called: how long, how often again, and what that costs.

#include <cstdint>

#include "core/base/time.h"

namespace ratchet::generation {

struct TokenPrices {
  double usd_per_million_in = 0, usd_per_million_out = 0;
};

struct TokenCount {
  std::uint64_t in = 0, out = 0;
};

struct CallPolicy {
  Duration timeout{60'000};  // of one attempt
  int retries = 3;           // further attempts
  Duration longest_wait{30'000};
  int failures_to_open = 3;   // calls in a row that used up their attempts
  Duration open_for{60'000};  // then nobody calls, until one does as a trial
  TokenPrices prices;
};

// All attempts and the waits between them.
Duration LongestCall(const CallPolicy& policy);

double CostOf(const TokenPrices& prices, TokenCount tokens);

// Before the retry of this number (the first is 1): 2^retry seconds, or what the server asked for
// where that is longer; never above the longest wait.
Duration WaitBefore(int retry, Duration asked_for, const CallPolicy& policy);

}  // namespace ratchet::generation
