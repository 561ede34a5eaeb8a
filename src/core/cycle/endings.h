#pragma once
// What is learnt from how earlier improvements ended: which change may not be tried again, and
// which opportunities stand back for a while.

#include <optional>
#include <span>
#include <vector>

#include "core/model/improvement.h"

namespace ratchet::cycle {

// The earlier improvement because of which this one's change may not be tried: it changed the same
// code in the same way and was rejected or taken back for what it did.
std::optional<ImprovementId> ForbiddenBy(std::span<const Outcome> outcomes,
                                         const Improvement& improvement);

// Reorders: what was tried in vain lately stands back, the last tried last; else the order stays.
// Without it the same few would take every cycle's places.
void StandBack(std::vector<Opportunity>& opportunities, std::span<const Outcome> lately);

}  // namespace ratchet::cycle
