#pragma once
// A place that is asked for telemetry again and again, and how far each of them has been read.

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/intake/records.h"

namespace ratchet {

struct Pulled {
  std::vector<intake::Resource> resources;
  std::string cursor;  // where the next pull begins
};

class TelemetrySource {
 public:
  virtual ~TelemetrySource() = default;

  // Unique and always the same: its cursor is kept under it.
  [[nodiscard]] virtual std::string name() const = 0;

  // What there is from the cursor on, a bounded amount a call; "" is the beginning, as far back as
  // the source thinks right. Success with the same cursor: there is nothing new. The same cursor
  // gives the same records again. Failure: nothing was read; it may be asked again.
  virtual Result<Pulled> Pull(const std::string& cursor) = 0;
};

class SourceCursors {
 public:
  virtual ~SourceCursors() = default;

  // As the last batch with a cursor of this source left it (TelemetryBatch::cursor); "" when there
  // was none.
  virtual Result<std::string> CursorOf(const std::string& source) = 0;
};

}  // namespace ratchet
