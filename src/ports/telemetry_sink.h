#pragma once
// Where telemetry goes when it has arrived, and what is known of what did not.

#include <map>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/model/telemetry.h"

namespace ratchet {

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

// Thread-safe.
class TelemetrySink {
 public:
  virtual ~TelemetrySink() = default;

  // Success: everything is durable but what the report counts as dropped. Failure: nothing of the
  // batch is kept, and it may be sent again; kResourceExhausted when there is no space for any.
  virtual Result<WriteReport> Write(const TelemetryBatch& batch) = 0;
};

// When telemetry that was sent could not be kept: silence of that time says nothing. Thread-safe.
class TelemetryGaps {
 public:
  virtual ~TelemetryGaps() = default;

  // The times inside the window in which batches were refused, in order: from the first refused
  // one to the next that was kept. A gap that lasts ends where the window does. Known since this
  // process started.
  [[nodiscard]] virtual std::vector<Window> Refused(Window window) const = 0;
};

class TelemetryRetention {
 public:
  virtual ~TelemetryRetention() = default;

  // Removes what is older than the retention at `now`; how many rows went. In pieces, so that
  // writers get in between; what a failure leaves goes with the next call.
  virtual Result<std::uint64_t> Expire(Instant now) = 0;
};

}  // namespace ratchet
