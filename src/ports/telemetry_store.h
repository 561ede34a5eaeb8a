#pragma once
// Telemetry as it is kept: summaries a series and time bucket, error clusters, call shapes.
//
// Thread-safe. The tenant filter is applied inside the store, never by the caller.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/model/telemetry.h"
#include "ports/state_store.h"

namespace ratchet {

struct TelemetryQuery {
  TenantFilter tenants = TenantFilter::All();
  std::optional<ComponentId> component;
  std::optional<std::string> operation;
  std::vector<std::string> metrics;  // empty: all
  Window window{};
};

struct WriteReport {
  std::uint64_t accepted = 0;
  std::uint64_t dropped = 0;                        // over a limit; counted, and said to the sender
  std::string drop_reason;                          // the first
  std::map<std::string, std::uint64_t> dropped_by;  // "time", "series", "clusters", "shapes"

  void Drop(const std::string& limit, std::string reason) {
    if (dropped++ == 0) drop_reason = std::move(reason);
    ++dropped_by[limit];
  }
};

class TelemetryStore {
 public:
  virtual ~TelemetryStore() = default;

  // Durable when it returns. What is over a limit is dropped and counted, the rest is kept.
  virtual Result<WriteReport> Write(const TelemetryBatch& batch) = 0;

  // Buckets that begin inside the window, by series and time.
  virtual Result<std::vector<Point>> Points(const TelemetryQuery& query) = 0;
  // The same one by one, without holding up writers or other readers: for a great many.
  virtual Status VisitPoints(const TelemetryQuery& query,
                             const std::function<void(const Point&)>& visit) = 0;
  virtual Result<std::vector<ErrorCluster>> ErrorClusters(const TelemetryQuery& query) = 0;
  virtual Result<std::vector<CallShape>> CallShapes(const TelemetryQuery& query) = 0;
  virtual Result<std::vector<Event>> Events(const TelemetryQuery& query) = 0;
  // How much arrived in the window; and the age of the oldest point.
  virtual Result<TelemetryCounts> Counts(const TelemetryQuery& query) = 0;

  // Removes what is older than the retention; returns how many rows went.
  virtual Result<std::uint64_t> Expire(Instant now) = 0;
  [[nodiscard]] virtual Duration resolution() const = 0;
};

}  // namespace ratchet
