#include "core/intake/repeat_tracker.h"

#include <algorithm>

namespace ratchet::intake {

bool RepeatTracker::SeenBefore(const std::string& identity, Instant at, Duration window) {
  const auto known = known_.find(identity);
  if (known != known_.end()) {
    const Instant last = known->second->last;
    noted_.emplace_back(identity, last);
    known->second->last = std::max(last, at);
    order_.splice(order_.begin(), order_, known->second);
    return at - last <= window;
  }
  noted_.emplace_back(identity, std::nullopt);
  order_.push_front({identity, at});
  known_[identity] = order_.begin();
  if (known_.size() > capacity_) {
    known_.erase(order_.back().identity);
    order_.pop_back();
  }
  return false;
}

void RepeatTracker::Undo() {
  for (; !noted_.empty(); noted_.pop_back()) {
    const auto& [identity, before] = noted_.back();
    const auto known = known_.find(identity);
    if (known == known_.end()) continue;  // forgotten since
    if (before) {
      known->second->last = *before;
    } else {
      order_.erase(known->second);
      known_.erase(known);
    }
  }
}

}  // namespace ratchet::intake
