#include "core/intake/fair_share.h"

#include <fmt/format.h>

#include <algorithm>

namespace ratchet::intake {

bool FairShare::HasPriority(const TenantId& tenant, const ComponentId& component) const {
  if (configured_.empty()) return true;
  const auto at = configured_.find(component);
  return at != configured_.end() &&
         (at->second.empty() || std::ranges::find(at->second, tenant) != at->second.end());
}

Status FairShare::Room(const TenantId& tenant, const ComponentId& component) const {
  if (rows_ >= max_)
    return Fail(ErrorCode::kResourceExhausted, fmt::format("there are {} {} already", max_, what_));
  if (HasPriority(tenant, component)) return {};
  if (others_ >= max_ / 2) {
    return Fail(ErrorCode::kResourceExhausted,
                fmt::format("components that are not configured have {} {} already, half of all",
                            others_, what_));
  }
  const auto of = others_of_.find(tenant);
  if (of != others_of_.end() && of->second >= std::max<size_t>(max_ / 10, 1)) {
    return Fail(ErrorCode::kResourceExhausted,
                fmt::format("components of the tenant that are not configured have {} {} already, "
                            "a tenth of all",
                            of->second, what_));
  }
  return {};
}

void FairShare::Add(const TenantId& tenant, const ComponentId& component, size_t rows) {
  rows_ += rows;
  if (HasPriority(tenant, component)) return;
  others_ += rows;
  others_of_[tenant] += rows;
}

void FairShare::Clear() {
  rows_ = others_ = 0;
  others_of_.clear();
}

}  // namespace ratchet::intake
