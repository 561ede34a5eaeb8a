#pragma once
// A gate judges one rule of phase 4 for one change. Each stands in a file of its own and joins in
// kAllGates of gate_list.h; nothing else knows which gates there are.

#include <string_view>

#include "core/model/claim.h"
#include "engine/gates/candidate.h"

namespace ratchet::gates {

// What must have passed before a gate is asked.
enum class Needs {
  kNothing,   // reads paths and sizes only: files of any size and kind
  kReadable,  // reads the files: all gates that need nothing
  kSandbox,   // runs code: every gate before it in the list
};

struct Judgement {
  ClaimOutcome outcome = ClaimOutcome::kPassed;
  std::vector<Finding> findings;
  std::vector<Evidence> evidence;
};

struct Gate {
  std::string_view name;  // persisted, and shown to people
  Needs needs = Needs::kReadable;
  Judgement (*judge)(Candidate&) = nullptr;
};

// Passed without findings, else failed.
inline Judgement PassedWithout(std::vector<Finding> findings) {
  const ClaimOutcome outcome = findings.empty() ? ClaimOutcome::kPassed : ClaimOutcome::kFailed;
  return {.outcome = outcome, .findings = std::move(findings)};
}

}  // namespace ratchet::gates
