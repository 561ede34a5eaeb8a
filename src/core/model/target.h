#pragma once
// A target is where one version at a time is wanted: a component for one tenant, or for all. A
// component whose deployer exchanges files in place has one target, for all.

#include <compare>
#include <cstdint>
#include <string>

#include "core/base/ids.h"

namespace ratchet {

struct TargetKey {
  ComponentId component;
  TenantId tenant;  // empty: all
  auto operator<=>(const TargetKey&) const = default;
};

// "shop", or "shop@acme" for one tenant.
inline std::string Name(const TargetKey& target) {
  return target.tenant.empty() ? target.component.value
                               : target.component.value + "@" + target.tenant.value;
}

// What shall run there. A deployer compares it with what does, and acts on the difference.
struct Wanted {
  std::string version;  // hash of the tree
  TargetKey target;
  double share = 1;         // of the requests, (0, 1]; the rest is served by the version before
  std::uint64_t fence = 0;  // rises with every deed on the target: an older one is refused
};

}  // namespace ratchet
