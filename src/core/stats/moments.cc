#include "core/stats/moments.h"

#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace ratchet {

double Mean(std::span<const double> values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double StandardDeviation(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const double mean = Mean(values);
  double squares = 0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

Interval MeanInterval95(std::span<const double> values) {
  const size_t n = values.size();
  if (n < 2) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    return {-kInfinity, kInfinity};
  }
  // t(0.975) for 1..30 degrees of freedom.
  constexpr std::array<double, 30> kStudent = {
      12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
      2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
      2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
  const size_t freedom = n - 1;
  const double t = freedom <= kStudent.size()
                       ? kStudent[freedom - 1]
                       : 1.96 + (2.042 - 1.96) * 30.0 / static_cast<double>(freedom);
  const double half = t * StandardDeviation(values) / std::sqrt(static_cast<double>(n));
  return {Mean(values) - half, Mean(values) + half};
}

}  // namespace ratchet
