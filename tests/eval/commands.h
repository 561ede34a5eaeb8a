#pragma once
// The commands of ratchet-eval; each prints one JSON object and returns the exit code.

#include <string>

namespace ratchet::eval {

struct Options {
  std::string cases, root, out;
  bool table = false;
};

int Replies(const Options& options);
int Recipes(const Options& options);

}  // namespace ratchet::eval
