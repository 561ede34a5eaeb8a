#pragma once
// The HTTP API of a running daemon: /health, /metrics and /api/v1. docs/cli.md lists the routes.
//
// Commands run on the engine's thread; reads come from a store of their own. Thread-safe.

#include <mutex>
#include <nlohmann/json_fwd.hpp>

#include "adapters/http/http_server.h"
#include "adapters/http/key_ring.h"
#include "engine/loop.h"
#include "ports/clock.h"
#include "ports/state_store.h"

namespace ratchet::http {

class Api {
 public:
  struct Ports {
    EngineLoop& loop;
    StateStore& reader;  // a connection of its own, used under a lock
    const Clock& clock;
    std::string key_file;
  };
  explicit Api(Ports ports) : ports_(std::move(ports)) {}

  Response Handle(const Request& request);

 private:
  Response Get(const Request& request, const Principal& who);
  Response Post(const Request& request, const Principal& who);
  Response SystemStatus(const Principal& who);
  Response Report(const Request& request, const Principal& who);
  Response ShowImprovement(const std::string& id, const Principal& who);
  Response TriggerCycle(const nlohmann::json& body, const Principal& who);
  Response Command(const std::function<Status(Engine&)>& run);
  Response Metrics();
  template <typename T>
  Response List(Result<std::vector<T>> items);

  Ports ports_;
  std::mutex mutex_;  // of the reader
};

// {"error":{"code":...,"message":...}} with the status that fits.
Response ErrorResponse(const Error& error);

struct MetricsInput {
  StateTotals totals;
  size_t effects_pending = 0;
  bool stopped = false;
};
std::string PrometheusText(const MetricsInput& input);

}  // namespace ratchet::http
