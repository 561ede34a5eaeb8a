#include "core/reporting/unified_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <vector>

#include "core/base/text.h"
#include "core/validation/line_diff.h"

namespace ratchet::reporting {
namespace {

constexpr size_t kContext = 3;

struct Line {
  char mark = ' ';
  std::string_view text;
  int before = 0, after = 0;  // the numbers of the lines up to and with this one
};

std::vector<Line> Aligned(std::string_view before, std::string_view after) {
  const auto old_lines = SplitLines(before), new_lines = SplitLines(after);
  const auto kept = validation::KeptLines(before, after);
  const int olds = static_cast<int>(old_lines.size()), news = static_cast<int>(new_lines.size());
  std::vector<Line> lines;
  int i = 1, j = 1;
  while (i <= olds || j <= news) {
    const auto stays = i <= olds ? kept.find(i) : kept.end();
    if (i <= olds && stays == kept.end()) {
      lines.push_back({'-', old_lines[static_cast<size_t>(i - 1)], i, j - 1});
      ++i;
    } else if (j <= news && (stays == kept.end() || j < stays->second)) {
      lines.push_back({'+', new_lines[static_cast<size_t>(j - 1)], i - 1, j});
      ++j;
    } else {
      lines.push_back({' ', old_lines[static_cast<size_t>(i - 1)], i, j});
      ++i, ++j;
    }
  }
  return lines;
}

std::string Hunk(std::span<const Line> lines) {
  const auto without = [&](char mark) {
    return std::ranges::count_if(lines, [&](const Line& l) { return l.mark != mark; });
  };
  const Line& first = lines.front();
  std::string text =
      fmt::format("@@ -{},{} +{},{} @@\n", first.mark == '+' ? first.before + 1 : first.before,
                  without('+'), first.mark == '-' ? first.after + 1 : first.after, without('-'));
  for (const Line& line : lines) text += fmt::format("{}{}\n", line.mark, line.text);
  return text;
}

}  // namespace

std::string UnifiedDiff(const FileChange& file) {
  const std::string before = file.before.value_or("");  // the lines are views of it
  const std::vector<Line> lines = Aligned(before, file.after);
  std::string text;
  size_t at = 0;
  const auto changed = [&](size_t i) { return lines[i].mark != ' '; };
  while (true) {
    while (at < lines.size() && !changed(at)) ++at;
    if (at == lines.size()) break;
    const size_t begin = at < kContext ? 0 : at - kContext;
    size_t end = at;  // behind the last changed line that is near enough to the one before it
    for (size_t i = at; i < lines.size() && i <= end + 2 * kContext; ++i) {
      if (changed(i)) end = i + 1;
    }
    const size_t stop = std::min(lines.size(), end + kContext);
    text += Hunk(std::span(lines).subspan(begin, stop - begin));
    at = end;
  }
  if (text.empty()) return text;
  return fmt::format("--- a/{0}\n+++ b/{0}\n{1}", file.path, text);
}

}  // namespace ratchet::reporting
