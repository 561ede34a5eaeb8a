#include "core/cycle/admission.h"

#include <algorithm>

namespace ratchet::cycle {
namespace {

class Counter {
 public:
  Counter(std::span<const Improvement* const> improvements,
          const std::map<TargetKey, TargetState>& targets, const AdmissionLimits& limits)
      : improvements_(improvements), targets_(targets), limits_(limits) {}

  [[nodiscard]] bool SlotFree(const Improvement& wanted) const {
    int all = 0, tenant = 0, emergencies = 0;
    for (const Improvement* other : improvements_) {
      if (!HoldsSlot(other->status)) continue;
      // The first emergency has a slot of its own; more of them wait like everybody.
      if (other->priority == Priority::kEmergency && ++emergencies == 1) continue;
      ++all;
      if (other->opportunity.tenant == wanted.opportunity.tenant) ++tenant;
    }
    if (wanted.priority == Priority::kEmergency && emergencies == 0) return true;
    const auto own = limits_.tenant_max.find(wanted.opportunity.tenant);
    const int tenant_max = own == limits_.tenant_max.end()
                               ? limits_.concurrent_max
                               : std::min(own->second, limits_.concurrent_max);
    return all < limits_.concurrent_max && tenant < tenant_max;
  }

  [[nodiscard]] bool ComponentFree(const Improvement& wanted) const {
    const auto at = targets_.find(wanted.target);
    if (at != targets_.end() && at->second.frozen) return false;
    return std::ranges::none_of(improvements_, [&](const Improvement* other) {
      const bool busy = OccupiesComponent(other->status) || HoldsSlot(other->status);
      return busy && other->id != wanted.id &&
             other->opportunity.component == wanted.opportunity.component;
    });
  }

  // Our own deployments or others since then left another tree than the change was made for.
  [[nodiscard]] bool Outdated(const Improvement& wanted) const {
    const auto at = targets_.find(wanted.target);
    return at != targets_.end() && !at->second.expected_version.empty() &&
           at->second.expected_version != wanted.tree_before;
  }

 private:
  std::span<const Improvement* const> improvements_;
  const std::map<TargetKey, TargetState>& targets_;
  const AdmissionLimits& limits_;
};

}  // namespace

std::optional<Admission> NextAdmission(std::span<const Improvement* const> improvements,
                                       const std::map<TargetKey, TargetState>& targets,
                                       const AdmissionLimits& limits) {
  const Counter counter(improvements, targets, limits);
  for (const Priority priority : {Priority::kEmergency, Priority::kNormal}) {
    for (const ImprovementStatus status :
         {ImprovementStatus::kAwaitingApproval, ImprovementStatus::kQueued}) {
      for (const Improvement* wanted : improvements) {
        if (wanted->priority != priority || wanted->status != status) continue;
        const bool deploy = status == ImprovementStatus::kAwaitingApproval;
        if (deploy && !wanted->approval) continue;
        if (!counter.ComponentFree(*wanted)) continue;
        if (deploy && counter.Outdated(*wanted))
          return Admission{wanted->id, AdmissionKind::kOutdated};
        if (!counter.SlotFree(*wanted)) continue;
        return Admission{wanted->id, deploy ? AdmissionKind::kDeploy : AdmissionKind::kStart};
      }
    }
  }
  return std::nullopt;
}

}  // namespace ratchet::cycle
