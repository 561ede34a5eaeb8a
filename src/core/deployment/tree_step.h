#pragma once
// The compare-and-swap of every deployment and every rollback, as one pure decision.

#include <string_view>

namespace ratchet::deployment {

enum class TreeStep {
  kWrite,       // the expected version is there: replace it
  kNothing,     // the wanted version is there already (a repeated effect): only make sure it serves
  kLeaveAlone,  // somebody else's version is there: never overwrite it
};

// Hashes of the tree that is there, that is expected, and that is wanted.
struct TreeHashes {
  std::string_view seen, expected, wanted;
};

inline TreeStep StepTowards(const TreeHashes& tree) {
  if (tree.seen == tree.wanted) return TreeStep::kNothing;
  if (tree.seen == tree.expected) return TreeStep::kWrite;
  return TreeStep::kLeaveAlone;
}

}  // namespace ratchet::deployment
