#pragma once
// A target is where one version at a time is wanted: a component for one tenant, or for all. A
// component whose deployer exchanges files in place has one target, for all.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "core/base/ids.h"
#include "core/base/time.h"

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

// A version as it was seen, and since when it is there. Only content makes a version: that a file
// was touched, linked or given another mode is no release.
struct SeenVersion {
  std::string version;
  Instant changed_at;
};

// A target as the engine knows it between deployments.
struct TargetState {
  TargetKey target;
  bool frozen = false;
  std::string frozen_reason;
  std::string expected_version;  // what our last deed left, or others after it; "" = never touched
  std::optional<Instant> changed_at;  // when that was: a baseline may not reach back beyond it
  double losses_kept = 0;   // of the metrics not promised, by what was kept on others' last release
  WatchId watch;            // the one that is open; empty: none
  std::uint64_t fence = 0;  // of the last deed
  std::optional<SeenVersion> seen;  // at the last inspection
  std::string unavailable;          // why its source cannot be read; empty: it can
  std::optional<Instant> rehearsed_at;
  std::string rehearsal_error;
  int rehearsals_failed = 0;       // in a row
  std::string rehearsed_settings;  // a hash: other settings need another rehearsal
};

// What shall run there. A deployer compares it with what does, and acts on the difference.
struct Wanted {
  std::string version;  // hash of the tree
  TargetKey target;
  double share = 1;         // of the requests, (0, 1]; the rest is served by the version before
  std::uint64_t fence = 0;  // rises with every deed on the target: an older one is refused
};

}  // namespace ratchet
