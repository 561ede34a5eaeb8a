#include "core/intake/refused_times.h"

#include <algorithm>

namespace ratchet::intake {

void RefusedTimes::Refused(Instant at) {
  if (!since_) since_ = at;
}

void RefusedTimes::Kept(Instant at) {
  constexpr size_t kMost = 1'000;  // a disk that fills and empties every ten minutes, for a week
  if (!since_) return;
  ended_.push_back({*since_, std::max(*since_, at)});
  since_.reset();
  if (ended_.size() > kMost) ended_.pop_front();
}

std::vector<Window> RefusedTimes::Within(Window window) const {
  std::vector<Window> found;
  const auto add = [&](Window gap) {
    gap = {std::max(gap.begin, window.begin), std::min(gap.end, window.end)};
    if (gap.begin < gap.end) found.push_back(gap);
  };
  for (const Window& gap : ended_) add(gap);
  if (since_) add({*since_, window.end});
  return found;
}

}  // namespace ratchet::intake
