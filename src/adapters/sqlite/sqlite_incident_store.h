#pragma once
// Error clusters, call shapes, events and arrivals from the telemetry file, on connections of their
// own. See ports/incident_store.h.

#include "adapters/sqlite/read_connections.h"
#include "ports/incident_store.h"

namespace ratchet {

class SqliteIncidentStore : public IncidentStore {
 public:
  // The file must have been opened by SqliteTelemetryStore before, which brings its schema up.
  explicit SqliteIncidentStore(const std::string& path) : connections_(path) {}

  Result<std::vector<ErrorCluster>> ErrorClusters(const IncidentSelector& selector) override;
  Result<std::vector<CallShape>> CallShapes(const IncidentSelector& selector) override;
  Result<std::vector<Event>> Events(const IncidentSelector& selector) override;
  Result<TelemetryCounts> Counts(const IncidentSelector& selector) override;

 private:
  sqlite::ReadConnections connections_;
};

}  // namespace ratchet
