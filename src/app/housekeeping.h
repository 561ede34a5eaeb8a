#pragma once
// What is looked after while the daemon runs: old telemetry, and the space on the disk.

#include <spdlog/spdlog.h>

#include "adapters/sqlite/disk_reserve.h"
#include "ports/clock.h"
#include "ports/notifier.h"
#include "ports/telemetry_sink.h"

namespace ratchet {

class Housekeeping {
 public:
  Housekeeping(TelemetryRetention& telemetry, DiskReserve& reserve, Notifier& notifier,
               const Clock& clock, spdlog::logger& log)
      : telemetry_(telemetry), reserve_(reserve), notifier_(notifier), clock_(clock), log_(log) {}

  // Once a second or so.
  void Tick();

 private:
  void Space(Instant now);
  void Complain(const std::string& message);

  TelemetryRetention& telemetry_;
  DiskReserve& reserve_;
  Notifier& notifier_;
  const Clock& clock_;
  spdlog::logger& log_;
  Instant space_at_ = clock_.Now();
  Instant expire_at_ = clock_.Now() + Duration(60'000);
  bool full_ = false;
};

}  // namespace ratchet
