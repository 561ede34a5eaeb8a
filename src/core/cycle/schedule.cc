#include "core/cycle/schedule.h"

namespace ratchet::cycle {

Instant NextScheduledRun(Duration start_time, Duration interval, std::optional<Instant> last,
                         Instant since) {
  if (last) return *last + interval;
  const auto day = std::chrono::floor<std::chrono::days>(since);
  const Instant today = Instant(day) + start_time;
  return today > since ? today : today + std::chrono::days(1);
}

}  // namespace ratchet::cycle
