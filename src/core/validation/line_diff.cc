#include "core/validation/line_diff.h"

#include <algorithm>
#include <span>
#include <vector>

#include "core/base/text.h"

namespace ratchet::validation {

namespace {

// Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), on two texts whose common head
// and tail are taken off.
class Myers {
 public:
  using Lines = std::span<const std::string_view>;
  Myers(Lines a, Lines b)
      : a_(a), b_(b), n_(static_cast<int>(a.size())), m_(static_cast<int>(b.size())) {}

  // Calls `match(i, j)` for the lines a[i] = b[j] of a longest common subsequence; for none when
  // that takes more than kStepsMax differences: then all of it counts as changed.
  template <typename Match>
  void Matches(const Match& match) {
    const int steps = std::min(n_ + m_, kStepsMax);
    furthest_.assign(Index(2 * steps + 3), 0);
    center_ = furthest_.begin() + steps + 1;
    for (int d = 0; d <= steps; ++d) {
      trace_.emplace_back(center_ - d, center_ + d + 1);
      if (Extend(d)) return WalkBack(d, match);
    }
  }

 private:
  static constexpr int kStepsMax = 2000;  // 16 MB of trace; the scope gate takes far fewer lines
  using Iterator = std::vector<int>::const_iterator;

  // Whether the furthest path onto a diagonal comes from the one above; `center` is diagonal 0.
  static bool ComesDown(Iterator center, int d, int diagonal) {
    return diagonal == -d || (diagonal != d && center[diagonal - 1] < center[diagonal + 1]);
  }

  // One more difference on every diagonal; true when the end of both texts is reached.
  bool Extend(int d) {
    for (int k = -d; k <= d; k += 2) {
      int x = ComesDown(center_, d, k) ? center_[k + 1] : center_[k - 1] + 1;
      while (x < n_ && x - k < m_ && a_[Index(x)] == b_[Index(x - k)]) ++x;
      center_[k] = x;
      if (k == n_ - m_ && x >= n_) return true;
    }
    return false;
  }

  template <typename Match>
  void WalkBack(int d, const Match& match) const {
    int x = n_, y = m_;
    for (; d >= 0; --d) {
      const Iterator center = trace_[Index(d)].begin() + d;
      const int previous = ComesDown(center, d, x - y) ? x - y + 1 : x - y - 1;
      const int px = d == 0 ? 0 : center[previous], py = d == 0 ? 0 : px - previous;
      while (x > px && y > py) {
        --x, --y;
        match(x, y);
      }
      x = px;
      y = py;
    }
  }
  static size_t Index(int i) { return static_cast<size_t>(i); }

  Lines a_, b_;
  int n_, m_;
  std::vector<int> furthest_;  // the largest x reached on each diagonal x - y
  std::vector<int>::iterator center_;
  std::vector<std::vector<int>> trace_;  // before difference d: diagonals -d to d
};

}  // namespace

std::map<int, int> KeptLines(std::string_view before, std::string_view after) {
  const auto a = SplitLines(before), b = SplitLines(after);
  std::map<int, int> kept;
  const auto keep = [&](size_t i, size_t j) {
    kept[static_cast<int>(i) + 1] = static_cast<int>(j) + 1;
  };
  const size_t shorter = std::min(a.size(), b.size());
  size_t head = 0, tail = 0;
  for (; head < shorter && a[head] == b[head]; ++head) keep(head, head);
  for (; tail + head < shorter && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]; ++tail)
    keep(a.size() - 1 - tail, b.size() - 1 - tail);
  Myers(std::span(a).subspan(head, a.size() - head - tail),
        std::span(b).subspan(head, b.size() - head - tail))
      .Matches([&](int i, int j) {
        keep(head + static_cast<size_t>(i), head + static_cast<size_t>(j));
      });
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
