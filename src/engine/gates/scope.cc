// Only allowed source files of this component, within the size limits; nothing protected.

#include "core/validation/static_gates.h"
#include "engine/gates/gate_list.h"

namespace ratchet::gates {
namespace {

Judgement Judge(Candidate& candidate) {
  std::vector<Finding> findings =
      validation::CheckScope(candidate.component(), candidate.change(),
                             candidate.language().conventions().protected_files, {});
  for (const FileChange& file : candidate.change().files) {
    if (!candidate.language().IsSource(file.path)) {
      findings.push_back(
          {file.path, 0, "language", "only files of the component's language can be checked"});
    }
  }
  return PassedWithout(std::move(findings));
}

}  // namespace

const Gate kScope{"scope", Needs::kNothing, Judge};

}  // namespace ratchet::gates
