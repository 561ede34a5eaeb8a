#include "core/generation/circuit_breaker.h"

namespace ratchet::generation {

CircuitBreaker::Answer CircuitBreaker::Ask(Instant now) {
  if (state_ == State::kClosed) return Answer::kCall;
  // Half open: another caller's trial is on its way.
  if (state_ == State::kHalfOpen || now < open_until_) return Answer::kRefused;
  state_ = State::kHalfOpen;
  return Answer::kCall;
}

void CircuitBreaker::Succeeded() {
  state_ = State::kClosed;
  failures_ = 0;
}

void CircuitBreaker::Failed(Instant now) {
  ++failures_;
  if (state_ == State::kClosed && failures_ < failures_to_open_) return;
  state_ = State::kOpen;
  open_until_ = now + open_for_;
}

}  // namespace ratchet::generation
