#include "core/stats/moments.h"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>

namespace ratchet {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double Student(double freedom) {
  return boost::math::quantile(boost::math::students_t(freedom), 0.975);
}

// The squared standard error of the mean.
double SquaredError(const Moments& sample) {
  return sample.deviation * sample.deviation / static_cast<double>(sample.count);
}

}  // namespace

Moments MomentsOf(std::span<const double> values) {
  Moments moments{.count = values.size()};
  if (values.empty()) return moments;
  const auto n = static_cast<double>(values.size());
  moments.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() < 2) return moments;
  double squares = 0;
  for (const double v : values) squares += (v - moments.mean) * (v - moments.mean);
  moments.deviation = std::sqrt(squares / (n - 1));
  return moments;
}

Interval MeanInterval95(const Moments& sample) {
  if (sample.count < 2) return {-kInfinity, kInfinity};
  const double half =
      Student(static_cast<double>(sample.count - 1)) * std::sqrt(SquaredError(sample));
  return {sample.mean - half, sample.mean + half};
}

Interval DifferenceInterval95(const Moments& before, const Moments& after) {
  if (before.count < 2 || after.count < 2) return {-kInfinity, kInfinity};
  const double a = SquaredError(before), b = SquaredError(after);
  const double difference = after.mean - before.mean;
  if (a + b <= 0) return {difference, difference};
  // Welch-Satterthwaite
  const double freedom = (a + b) * (a + b) /
                         (a * a / static_cast<double>(before.count - 1) +
                          b * b / static_cast<double>(after.count - 1));
  const double half = Student(freedom) * std::sqrt(a + b);
  return {difference - half, difference + half};
}

}  // namespace ratchet
