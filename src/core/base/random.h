#pragma once
// A small seeded generator (xoshiro256**, Blackman and Vigna 2018) whose numbers are the same on
// every platform. Not for secrets; those come from the operating system in an adapter.

#include <array>
#include <cstdint>

namespace ratchet {

class SeededRandom {
 public:
  explicit SeededRandom(std::uint64_t seed);

  std::uint64_t Next();
  // Uniform in [0, bound); bound must not be 0.
  std::uint64_t Below(std::uint64_t bound);
  // Uniform in [0, 1).
  double Unit();
  // True with the given probability.
  bool Chance(double probability) { return Unit() < probability; }
  // Standard normal deviate (Box-Muller).
  double Normal();

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace ratchet
