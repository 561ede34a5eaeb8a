#pragma once
// Mean and spread of a handful of values, and the interval for their mean.

#include <span>

namespace ratchet {

double Mean(std::span<const double> values);
// The sample standard deviation (n - 1); 0 for fewer than two values.
double StandardDeviation(std::span<const double> values);

struct Interval {
  double low = 0;
  double high = 0;
};
// Student's t interval for the mean at 95 %, for independent values; from minus to plus infinity
// for fewer than two values. Critical values: standard table, linear between entries.
Interval MeanInterval95(std::span<const double> values);

}  // namespace ratchet
