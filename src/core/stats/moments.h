#pragma once
// Mean and spread of a handful of values, and intervals for means.

#include <cstdint>
#include <span>

namespace ratchet {

struct Moments {
  std::uint64_t count = 0;
  double mean = 0;
  double deviation = 0;  // of the sample (n - 1); 0 for fewer than two values
};
Moments MomentsOf(std::span<const double> values);

struct Interval {
  double low = 0;
  double high = 0;
};
// Student's t interval for the mean at 95 %, for independent values; from minus to plus infinity
// for fewer than two values.
Interval MeanInterval95(const Moments& sample);
// Welch's t interval for the mean of `after` minus that of `before` at 95 %, for independent
// values; from minus to plus infinity where one of the two has fewer than two.
Interval DifferenceInterval95(const Moments& before, const Moments& after);

}  // namespace ratchet
