// The new files parse without errors.

#include <algorithm>

#include "engine/gates/gate_list.h"

namespace ratchet::gates {
namespace {

Judgement Judge(Candidate& candidate) {
  std::vector<Finding> findings;
  for (const FileChange& file : candidate.change().files)
    std::ranges::copy(candidate.FactsAfter(file).syntax_errors, std::back_inserter(findings));
  return PassedWithout(std::move(findings));
}

}  // namespace

const Gate kSyntax{"syntax", Needs::kReadable, Judge};

}  // namespace ratchet::gates
