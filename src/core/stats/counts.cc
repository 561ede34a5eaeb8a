#include "core/stats/counts.h"

#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

namespace ratchet {

double LogEvidenceOfMore(EventCount seen, double rate) {
  const double expected = rate * static_cast<double>(seen.trials);
  const double shape = 2 + static_cast<double>(seen.events);
  // The upper incomplete gamma function; its regularised form underflows only where E is tiny.
  const double share = boost::math::gamma_q(shape, 1 + expected);
  if (share <= 0) return -HUGE_VAL;
  return expected + 1 - std::log(2.0) + std::log(share) + std::lgamma(shape) -
         shape * std::log1p(expected);
}

}  // namespace ratchet
