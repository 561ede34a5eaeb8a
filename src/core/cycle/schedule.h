#pragma once
// When the next scheduled cycle is due.

#include <optional>

#include "core/base/time.h"

namespace ratchet::cycle {

// The first run is the next `start_time` (time of day, UTC) after `since`; later runs follow every
// `interval`, counted from the first. With a `last` run the result may lie in the past: a missed
// run is due at once, and only once.
Instant NextScheduledRun(Duration start_time, Duration interval, std::optional<Instant> last,
                         Instant since);

}  // namespace ratchet::cycle
