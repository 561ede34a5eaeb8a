#pragma once
// Spares a server that fails, and us the waiting: closed while calls go well; open, so that nobody
// calls, after several failures in a row; half open after a while, when one caller may try.
//
// Pure: the time is handed in. Not thread-safe.

#include "core/base/time.h"

namespace ratchet::generation {

class CircuitBreaker {
 public:
  CircuitBreaker(int failures_to_open, Duration open_for)
      : failures_to_open_(failures_to_open), open_for_(open_for) {}

  enum class Answer { kCall, kRefused };
  // Whoever is told to call must say how it went.
  Answer Ask(Instant now);
  void Succeeded();
  void Failed(Instant now);

  [[nodiscard]] Instant open_until() const { return open_until_; }

 private:
  enum class State { kClosed, kOpen, kHalfOpen };

  int failures_to_open_;
  Duration open_for_;
  State state_ = State::kClosed;
  int failures_ = 0;  // in a row
  Instant open_until_;
};

}  // namespace ratchet::generation
