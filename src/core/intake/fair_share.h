#pragma once
// Who may add to a table of limited size. What operators configured has priority: all others
// together get at most half of it, and one tenant of theirs at most a tenth, so that nobody blinds
// Ratchet to what it should watch by sending much.

#include <map>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"

namespace ratchet::intake {

// The tenants that each configured component belongs to; none means all.
using ConfiguredComponents = std::map<ComponentId, std::vector<TenantId>>;

class FairShare {
 public:
  // `what` names the rows, for messages. Without configured components there is no priority.
  FairShare(std::string what, size_t max, const ConfiguredComponents& configured)
      : what_(std::move(what)), max_(max), configured_(configured) {}

  // kResourceExhausted says which limit is reached.
  [[nodiscard]] Status Room(const TenantId& tenant, const ComponentId& component) const;
  void Add(const TenantId& tenant, const ComponentId& component, size_t rows = 1);
  void Clear();

 private:
  [[nodiscard]] bool HasPriority(const TenantId& tenant, const ComponentId& component) const;

  std::string what_;
  size_t max_;
  ConfiguredComponents configured_;
  size_t rows_ = 0, others_ = 0;
  std::map<TenantId, size_t> others_of_;
};

}  // namespace ratchet::intake
