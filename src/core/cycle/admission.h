#pragma once
// Who may start now: slots, tenants' limits, one improvement a component, the emergency's own slot.

#include <functional>
#include <map>
#include <span>
#include <vector>

#include "core/model/improvement.h"

namespace ratchet::cycle {

struct AdmissionLimits {
  int concurrent_max = 3;              // MAX_CONCURRENT_IMPROVEMENTS
  std::map<TenantId, int> tenant_max;  // a tenant's limit is the smaller of both
};

enum class AdmissionKind { kStart, kDeploy, kOutdated };
struct Admission {
  ImprovementId id;
  AdmissionKind kind;
};

// The first improvement that may go on, if any; call again after it has. `improvements` are in
// order of creation, which is the order of priority within a cycle. Emergencies come first and
// have one slot that nobody else takes.
std::optional<Admission> NextAdmission(std::span<const Improvement* const> improvements,
                                       const std::map<TargetKey, TargetState>& targets,
                                       const AdmissionLimits& limits);

}  // namespace ratchet::cycle
