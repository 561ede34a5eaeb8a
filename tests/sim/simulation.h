#pragma once
// One seed, one life: the production engine, performer and SQLite store under virtual time, with
// faults, crashes and power cuts between any two steps. Every promise is checked after every step;
// at the end all faults heal and everything must come to its end.

#include <cstdint>
#include <string>

namespace ratchet::sim {

struct SimOutcome {
  bool held = true;
  std::string broken;  // the promise, and what was seen
  int steps = 0, crashes = 0, power_cuts = 0;
  int deployed = 0, rolled_back = 0, completed = 0, superseded = 0;
};

SimOutcome Simulate(std::uint64_t seed);

}  // namespace ratchet::sim
