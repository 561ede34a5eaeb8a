#pragma once
// What telemetry tells besides metrics: failures, calls and their repeats, events, and how much
// arrived. Reads hold up no writer. Thread-safe; a failure says nothing of the data.

#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/model/telemetry.h"
#include "ports/state_store.h"

namespace ratchet {

// What is not given selects all. Tenants are filtered by the implementation, never by the caller.
struct IncidentSelector {
  TenantFilter tenants = TenantFilter::All();
  std::optional<ComponentId> component;
  std::optional<std::string> operation;
  std::optional<std::string> version;  // of error clusters; "" = those that report none
  Window window{};
};

class IncidentStore {
 public:
  virtual ~IncidentStore() = default;

  // Those with failures inside the window, the most frequent first.
  virtual Result<std::vector<ErrorCluster>> ErrorClusters(const IncidentSelector& selector) = 0;
  // Those with calls inside the window, the most expensive first.
  virtual Result<std::vector<CallShape>> CallShapes(const IncidentSelector& selector) = 0;
  // Inside the window, by time; `operation` and `version` do not matter.
  virtual Result<std::vector<Event>> Events(const IncidentSelector& selector) = 0;
  // How much arrived in the window; only `tenants` matters beside it.
  virtual Result<TelemetryCounts> Counts(const IncidentSelector& selector) = 0;
};

}  // namespace ratchet
