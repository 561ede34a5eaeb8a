#include "core/validation/line_diff.h"

#include <algorithm>
#include <vector>

#include "core/base/text.h"

namespace ratchet::validation {

// Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), after the common head and tail
// are taken off; the trace of furthest points is walked back to the matching lines.
std::map<int, int> KeptLines(std::string_view before, std::string_view after) {
  const auto a = SplitLines(before), b = SplitLines(after);
  std::map<int, int> kept;
  size_t head = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) {
    kept[static_cast<int>(head) + 1] = static_cast<int>(head) + 1;
    ++head;
  }
  size_t tail = 0;
  while (tail + head < a.size() && tail + head < b.size() &&
         a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) {
    kept[static_cast<int>(a.size() - tail)] = static_cast<int>(b.size() - tail);
    ++tail;
  }
  const int n = static_cast<int>(a.size() - head - tail),
            m = static_cast<int>(b.size() - head - tail);
  const auto same = [&](int x, int y) {
    return a[head + static_cast<size_t>(x)] == b[head + static_cast<size_t>(y)];
  };
  const int limit = std::min(n + m, 4000);  // beyond, the middle counts as changed as a whole
  const int offset = limit + 1;
  std::vector<int> furthest(static_cast<size_t>(2 * limit + 3), 0);
  const auto at = [&](int k) -> int& { return furthest[static_cast<size_t>(k + offset)]; };
  std::vector<std::vector<int>> trace;
  for (int d = 0; d <= limit; ++d) {
    trace.push_back(furthest);
    for (int k = -d; k <= d; k += 2) {
      const bool down = k == -d || (k != d && at(k - 1) < at(k + 1));
      int x = down ? at(k + 1) : at(k - 1) + 1;
      int y = x - k;
      while (x < n && y < m && same(x, y)) ++x, ++y;
      at(k) = x;
      if (x < n || y < m) continue;
      for (int back = d; back >= 0; --back) {
        const auto& old = trace[static_cast<size_t>(back)];
        const auto was = [&](int kk) { return old[static_cast<size_t>(kk + offset)]; };
        const int diagonal = x - y;
        const bool came_down =
            diagonal == -back || (diagonal != back && was(diagonal - 1) < was(diagonal + 1));
        const int previous = came_down ? diagonal + 1 : diagonal - 1;
        const int px = back == 0 ? 0 : was(previous), py = back == 0 ? 0 : px - previous;
        while (x > px && y > py) {
          --x, --y;
          kept[static_cast<int>(head) + x + 1] = static_cast<int>(head) + y + 1;
        }
        x = px;
        y = py;
      }
      return kept;
    }
  }
  return kept;
}

std::set<int> ChangedLines(std::string_view before, std::string_view after) {
  std::set<int> changed;
  for (int line = 1; line <= static_cast<int>(SplitLines(after).size()); ++line)
    changed.insert(line);
  for (const auto& [old_line, new_line] : KeptLines(before, after)) changed.erase(new_line);
  return changed;
}

}  // namespace ratchet::validation
