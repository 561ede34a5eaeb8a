#pragma once
// Reads one source into a sink. The cursor is written in the transaction of what was read up to it:
// nothing is lost and nothing counted twice, whenever the process ends.
//
// Not thread-safe: one thread a source.

#include "core/intake/translation.h"
#include "ports/clock.h"
#include "ports/telemetry_sink.h"
#include "ports/telemetry_source.h"

namespace ratchet {

class TelemetryPull {
 public:
  struct Ports {
    TelemetrySource& source;
    SourceCursors& cursors;
    TelemetrySink& sink;
    const Clock& clock;
  };
  TelemetryPull(Ports ports, const intake::TranslationConfig& config)
      : ports_(ports), config_(config), translation_(config, ports.clock.Now()) {}

  // Until the source has nothing new, or a failure: what was stored before stays, and the next call
  // goes on behind it. The report is of all that was written; records that cannot be true are
  // dropped as "invalid".
  Result<WriteReport> Run();

 private:
  // False: there was nothing new.
  Result<bool> Step(WriteReport& report);

  Ports ports_;
  intake::TranslationConfig config_;
  intake::Translation translation_;
};

}  // namespace ratchet
