// No security finding that the old files did not have.

#include <algorithm>

#include "core/validation/static_gates.h"
#include "engine/gates/gate_list.h"

namespace ratchet::gates {
namespace {

Judgement Judge(Candidate& candidate) {
  std::vector<Finding> findings;
  for (const FileChange& file : candidate.change().files) {
    std::ranges::move(validation::NewFindings(candidate.FactsBefore(file).security,
                                              candidate.FactsAfter(file).security),
                      std::back_inserter(findings));
  }
  return PassedWithout(std::move(findings));
}

}  // namespace

const Gate kSecurity{"security", Needs::kReadable, Judge};

}  // namespace ratchet::gates
