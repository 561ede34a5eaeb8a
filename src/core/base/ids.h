#pragma once
// Distinct ids are distinct types: an ImprovementId cannot be passed where a CycleId belongs.

#include <compare>
#include <string>
#include <utility>

namespace ratchet {

template <typename Tag>
struct Id {
  std::string value;

  Id() = default;
  explicit Id(std::string text) : value(std::move(text)) {}
  [[nodiscard]] bool empty() const { return value.empty(); }
  auto operator<=>(const Id&) const = default;
};

using TenantId = Id<struct TenantTag>;
using ComponentId = Id<struct ComponentTag>;
using CycleId = Id<struct CycleTag>;
using ImprovementId = Id<struct ImprovementTag>;
using OpportunityId = Id<struct OpportunityTag>;
using InsightId = Id<struct InsightTag>;
using WatchId = Id<struct WatchTag>;
using EffectKey = Id<struct EffectTag>;  // the idempotency key of an effect

}  // namespace ratchet
