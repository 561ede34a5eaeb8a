// ratchet-sim [--seeds N] [--first S] [--seed S]: lives of the engine, one a seed.
// Exit code 0: every promise held; 1: one was broken, and its seed is printed; 2: usage.

#include <unistd.h>

#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "tests/sim/simulation.h"

namespace {

struct Options {
  std::uint64_t first = 1, count = 200;
  bool single = false;
};

bool ReadOptions(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 >= argc) return false;
    const std::uint64_t value = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--seeds") {
      options.count = value;
    } else if (name == "--first") {
      options.first = value;
    } else if (name == "--seed") {
      options.first = value;
      options.count = 1;
      options.single = true;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!ReadOptions(argc, argv, options)) {
    fmt::print(stderr, "usage: ratchet-sim [--seeds N] [--first S] | --seed S\n");
    return 2;
  }
  ratchet::sim::SimOutcome sum;
  for (std::uint64_t seed = options.first; seed < options.first + options.count; ++seed) {
    const auto outcome = ratchet::sim::Simulate(seed);
    if (!outcome.held) {
      fmt::print("seed {}: {}\n  replay with: ./dev test sim --seed {}\n", seed, outcome.broken,
                 seed);
      return 1;
    }
    sum.steps += outcome.steps;
    sum.crashes += outcome.crashes;
    sum.power_cuts += outcome.power_cuts;
    sum.deployed += outcome.deployed;
    sum.rolled_back += outcome.rolled_back;
    sum.completed += outcome.completed;
    sum.superseded += outcome.superseded;
    if (isatty(1) != 0 && (seed - options.first) % 10 == 9) {
      fmt::print("\r{} of {} seeds", seed - options.first + 1, options.count);
      std::fflush(stdout);
    }
  }
  fmt::print(
      "\rsimulation: {} seeds, {} steps, {} crashes, {} power cuts; {} deployed, {} kept, "
      "{} taken back, {} superseded; every promise held\n",
      options.count, sum.steps, sum.crashes, sum.power_cuts, sum.deployed, sum.completed,
      sum.rolled_back, sum.superseded);
  return 0;
}
