#pragma once
// What one gate says of a change, with what it rests on.

#include <string>
#include <vector>

#include "core/model/change.h"
#include "core/model/insight.h"

namespace ratchet {

enum class ClaimOutcome {
  kPassed,
  kFailed,         // the change breaks the gate's rule
  kNotProven,      // the gate could not find out; the findings say what was missing
  kNotApplicable,  // the rule says nothing of such a change
};

struct Claim {
  std::string gate;
  ClaimOutcome outcome = ClaimOutcome::kNotProven;
  std::vector<Finding> findings;   // why, unless it passed
  std::vector<Evidence> evidence;  // figures that others judge by, too
};

}  // namespace ratchet
