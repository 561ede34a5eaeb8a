#pragma once
// What is kept of the measurements of one series in one span of time. Summaries merge exactly,
// except for the quantiles, which the sketch keeps within 1 %. Counts stop at kCountMax and sums
// at the largest double: a summary may become coarse, never negative or infinite.

#include <cstdint>

#include "core/stats/sketch.h"

namespace ratchet {

struct Summary {
  // The most that a signed 64-bit integer holds, as databases and JSON readers have it.
  static constexpr std::uint64_t kCountMax = INT64_MAX;

  std::uint64_t count = 0;
  std::uint64_t errors = 0;  // how many of them failed; only for requests
  double sum = 0;
  double min = 0;
  double max = 0;
  QuantileSketch sketch;

  void Add(double value, std::uint64_t times = 1, std::uint64_t failed = 0);
  void Merge(const Summary& other);
  [[nodiscard]] double mean() const { return count == 0 ? 0 : sum / static_cast<double>(count); }
};

}  // namespace ratchet
