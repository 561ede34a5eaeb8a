#pragma once
// The times in which telemetry was refused, from the first batch that could not be kept to the next
// that was. Bounded: the oldest times are forgotten. Not thread-safe.

#include <deque>
#include <optional>
#include <vector>

#include "core/base/time.h"

namespace ratchet::intake {

class RefusedTimes {
 public:
  void Refused(Instant at);
  void Kept(Instant at);
  // Those inside the window, cut to it, in order; one that lasts ends with the window.
  [[nodiscard]] std::vector<Window> Within(Window window) const;

 private:
  std::optional<Instant> since_;
  std::deque<Window> ended_;
};

}  // namespace ratchet::intake
