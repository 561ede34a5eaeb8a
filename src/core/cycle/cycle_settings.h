#pragma once

#include "core/cycle/admission.h"
#include "core/cycle/advance.h"
#include "core/settings/schema.h"

namespace ratchet::cycle {

// The policy's own and those of its judge.
void DeclareSettings(settings::Schema& schema, ImprovementPolicy& policy, AdmissionLimits& limits);

}  // namespace ratchet::cycle
