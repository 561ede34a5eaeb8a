#include "adapters/sqlite/repeat_tracker.h"

#include <algorithm>

namespace ratchet {

bool RepeatTracker::SeenBefore(const std::string& identity, Instant at, Duration window) {
  const auto known = known_.find(identity);
  if (known != known_.end()) {
    const Instant last = known->second->last;
    known->second->last = std::max(last, at);
    order_.splice(order_.begin(), order_, known->second);
    return at - last <= window;
  }
  order_.push_front({identity, at});
  known_[identity] = order_.begin();
  if (known_.size() > capacity_) {
    known_.erase(order_.back().identity);
    order_.pop_back();
  }
  return false;
}

}  // namespace ratchet
