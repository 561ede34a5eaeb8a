#pragma once
// Whether events are more frequent than a rate allows, under constant watching.

#include <cstdint>

namespace ratchet {

struct EventCount {
  std::uint64_t events = 0;
  std::uint64_t trials = 0;  // requests, for errors
};

// ln E: the evidence, as a logarithm, that events come more often than `rate` a trial. Under that
// rate E exceeds 1/alpha at any time, however often one looks, with a probability of at most alpha
// (Ville's inequality). A Gamma(2, 1) prior on the ratio of the rates, truncated to above 1:
//   ln E = m + 1 - ln 2 + ln Gamma(2 + x, 1 + m) - (2 + x) ln(1 + m),  m = rate * trials, x =
//   events
double LogEvidenceOfMore(EventCount seen, double rate);

}  // namespace ratchet
