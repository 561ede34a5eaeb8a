#include "core/stats/summary.h"

#include <algorithm>

namespace ratchet {

void Summary::Add(double value, std::uint64_t times, std::uint64_t failed) {
  if (times == 0) return;
  min = count == 0 ? value : std::min(min, value);
  max = count == 0 ? value : std::max(max, value);
  count += times;
  errors += failed;
  sum += value * static_cast<double>(times);
  sketch.Add(value, times);
}

void Summary::Merge(const Summary& other) {
  if (other.count == 0) return;
  min = count == 0 ? other.min : std::min(min, other.min);
  max = count == 0 ? other.max : std::max(max, other.max);
  count += other.count;
  errors += other.errors;
  sum += other.sum;
  sketch.Merge(other.sketch);
}

}  // namespace ratchet
