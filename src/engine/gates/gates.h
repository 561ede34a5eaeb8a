#pragma once
// Asks the gates of phase 4 in the order of gate_list.h and sums up what they claim.
//
// A gate is asked when what it needs has passed; the others stay "not run". Thread-safe.

#include <span>

#include "core/model/component.h"
#include "engine/gates/candidate.h"
#include "engine/gates/gate.h"
#include "ports/change_validator.h"
#include "ports/languages.h"

namespace ratchet {

class Gates : public ChangeValidator {
 public:
  Gates(const std::map<ComponentId, ComponentConfig>& components, const Languages& languages,
        Sandbox& sandbox, SandboxLimits limits)
      : components_(components), languages_(languages), sandbox_(sandbox), limits_(limits) {}

  Result<ValidationReport> Validate(const ComponentId& component, const ComponentTree& tree,
                                    const Change& change, InsightKind promise) override;

  // The gates that need no sandbox; also measured on their own.
  Result<std::vector<GateResult>> StaticGates(const ComponentId& component, const Change& change);

  // What each of `list` claims, as far as it is asked: the last ones may be missing.
  static std::vector<Claim> Ask(std::span<const gates::Gate* const> list,
                                gates::Candidate& candidate);

 private:
  const std::map<ComponentId, ComponentConfig>& components_;
  const Languages& languages_;
  Sandbox& sandbox_;
  SandboxLimits limits_;
  gates::KnownTestRuns known_runs_;
};

}  // namespace ratchet
