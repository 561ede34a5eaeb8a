#include "core/stats/summary.h"

#include <algorithm>
#include <limits>

namespace ratchet {
namespace {

// What of `more` fits; a count that is beyond the limit already (from damaged bytes) takes none.
std::uint64_t Room(std::uint64_t count, std::uint64_t more) {
  return count >= Summary::kCountMax ? 0 : std::min(more, Summary::kCountMax - count);
}

double Finite(double sum) {
  constexpr double kMost = std::numeric_limits<double>::max();
  return std::clamp(sum, -kMost, kMost);
}

}  // namespace

void Summary::Add(double value, std::uint64_t times, std::uint64_t failed) {
  times = Room(count, times);
  if (times == 0) return;
  min = count == 0 ? value : std::min(min, value);
  max = count == 0 ? value : std::max(max, value);
  count += times;
  errors += Room(errors, failed);
  sum = Finite(sum + value * static_cast<double>(times));
  sketch.Add(value, times);
}

void Summary::Merge(const Summary& other) {
  if (other.count == 0) return;
  min = count == 0 ? other.min : std::min(min, other.min);
  max = count == 0 ? other.max : std::max(max, other.max);
  const std::uint64_t room = Room(count, other.count);
  count += room;
  errors += Room(errors, other.errors);
  sum = Finite(sum + other.sum);
  // A full sketch keeps the shape that it has.
  if (room == other.count) sketch.Merge(other.sketch);
}

}  // namespace ratchet
