#include <algorithm>
#include <charconv>
#include <utility>

#include "core/base/text.h"
#include "core/generation/reply_edits.h"

namespace ratchet::generation {
namespace {

// The number behind " -" in "@@ -12,5 +12,6 @@ def f"; nullopt for "@@ ... @@" and "@@".
std::optional<std::ptrdiff_t> HunkLine(std::string_view header) {
  const size_t at = header.find(" -");
  if (at == std::string_view::npos) return std::nullopt;
  const auto number = header.substr(at + 2);
  int line = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), line);
  return read.ec == std::errc() && line >= 0 ? std::optional<std::ptrdiff_t>(line) : std::nullopt;
}

// Adds one line of a hunk; false when it is none.
bool AddHunkLine(std::string_view line, Hunk& hunk) {
  if (line.starts_with("\\")) return true;  // "\ No newline at end of file"
  if (line.empty() || line[0] == ' ') {
    hunk.before.emplace_back(line.empty() ? line : line.substr(1));
    hunk.after.emplace_back(line.empty() ? line : line.substr(1));
    return true;
  }
  if (line[0] == '-') hunk.before.emplace_back(line.substr(1));
  if (line[0] == '+') hunk.after.emplace_back(line.substr(1));
  return line[0] == '-' || line[0] == '+';
}

std::string DiffPath(std::string_view header) {
  std::string_view path = Trim(header.substr(4));
  path = Trim(path.substr(0, path.find('\t')));
  if (path.starts_with("a/") || path.starts_with("b/")) path.remove_prefix(2);
  return std::string(path);
}

// The header counts from 1 the line where the old text begins; with no old text ("-5,0") it names
// the line after which the new text goes.
void CountLinesAbove(Hunk& hunk) {
  if (hunk.lines_above && !hunk.before.empty())
    hunk.lines_above = std::max<std::ptrdiff_t>(*hunk.lines_above - 1, 0);
}

// Blank lines behind a diff are not context.
void DropTrailingBlanks(Hunk& hunk) {
  while (!hunk.before.empty() && !hunk.after.empty() && hunk.before.back().empty() &&
         hunk.after.back().empty()) {
    hunk.before.pop_back();
    hunk.after.pop_back();
  }
}

}  // namespace

EditError ReadDiff(const std::vector<std::string>& lines, std::vector<FileDiff>& diffs) {
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    const bool header =
        line.starts_with("--- ") && i + 1 < lines.size() && lines[i + 1].starts_with("+++ ");
    if (header) {
      diffs.push_back({DiffPath(line), DiffPath(lines[i + 1]), {}});
      ++i;
    } else if (line.starts_with("@@")) {
      if (diffs.empty()) return {"diff_malformed", "a hunk comes before the names of its file"};
      diffs.back().hunks.push_back({.lines_above = HunkLine(line)});
    } else if (!diffs.empty() && !diffs.back().hunks.empty()) {
      if (!AddHunkLine(line, diffs.back().hunks.back())) {
        if (line.starts_with("diff ") || line.starts_with("index ")) continue;
        return {"diff_malformed",
                "a line of a hunk starts with none of ' ', '-', '+': " + Shorten(line, 100)};
      }
    }
  }
  for (FileDiff& diff : diffs) {
    for (Hunk& hunk : diff.hunks) CountLinesAbove(hunk);
    if (!diff.hunks.empty()) DropTrailingBlanks(diff.hunks.back());
  }
  return {};
}

std::ptrdiff_t HunkApplier::GrowthAbove(std::ptrdiff_t line) const {
  std::ptrdiff_t lines = 0;
  for (const Growth& growth : growths_) {
    if (growth.lines_above <= line) lines += growth.lines;
  }
  return lines;
}

EditError HunkApplier::Apply(const Hunk& hunk, std::string& text,
                             std::vector<std::string>& warnings) {
  std::vector<std::string> lines = LinesOf(text);
  const auto places = Places(lines, hunk.before, SameExactly);
  const std::string quoted = Shorten(TextOf(hunk.before), 300);
  if (places.empty())
    return {"hunk_not_found", "these lines of a hunk are not in the file:\n" + quoted};
  const std::ptrdiff_t said =
      hunk.lines_above ? *hunk.lines_above + GrowthAbove(*hunk.lines_above) : -1;
  auto place = std::ranges::find_if(
      places, [&](size_t at) { return static_cast<std::ptrdiff_t>(at) == said; });
  if (place == places.end()) {
    if (places.size() > 1)
      return {"hunk_ambiguous", "these lines of a hunk occur more than once:\n" + quoted};
    place = places.begin();
    warnings.emplace_back("hunk_relocated");
  }
  const auto at = static_cast<std::ptrdiff_t>(*place);
  // Where that is in the old file: said, or near enough when it was searched for.
  const std::ptrdiff_t old = at == said ? hunk.lines_above.value_or(at) : at - GrowthAbove(at);
  growths_.push_back({old, std::ssize(hunk.after) - std::ssize(hunk.before)});
  ReplaceLines(lines, *place, hunk.before.size(), hunk.after);
  text = TextOf(lines);
  return {};
}

EditError ReadPatch(const std::vector<std::string>& lines, std::vector<PatchSection>& sections) {
  using Kind = PatchSection::Kind;
  const auto value = [](std::string_view line, std::string_view key) {
    return std::string(Trim(line.substr(key.size())));
  };
  bool ended = false;
  for (const std::string& line : lines) {
    const std::string_view trimmed = Trim(line);
    if (trimmed == "*** End Patch") ended = true;
    if (trimmed == "*** Begin Patch") ended = false;
    if (trimmed == "*** Begin Patch" || trimmed == "*** End Patch" || trimmed == "*** End of File")
      continue;
    if (line.starts_with("*** Update File:")) {
      sections.push_back({Kind::kUpdate, value(line, "*** Update File:"), "", {}, {}});
    } else if (line.starts_with("*** Add File:")) {
      sections.push_back({Kind::kAdd, value(line, "*** Add File:"), "", {}, {}});
    } else if (line.starts_with("*** Delete File:")) {
      sections.push_back({Kind::kDelete, value(line, "*** Delete File:"), "", {}, {}});
    } else if (line.starts_with("*** Move to:") && !sections.empty()) {
      sections.back().move_to = value(line, "*** Move to:");
    } else if (sections.empty()) {
      return {"block_malformed", "a patch has lines before it names a file"};
    } else if (sections.back().kind == Kind::kAdd) {
      sections.back().added.push_back(line.starts_with("+") ? line.substr(1) : line);
    } else if (line.starts_with("@@")) {
      sections.back().hunks.push_back({});
    } else {
      if (sections.back().hunks.empty()) sections.back().hunks.push_back({});
      if (!AddHunkLine(line, sections.back().hunks.back())) {
        return {"block_malformed",
                "a line of a patch starts with none of ' ', '-', '+': " + Shorten(line, 100)};
      }
    }
  }
  return ended ? EditError{} : EditError{"block_malformed", "a patch has no *** End Patch"};
}

}  // namespace ratchet::generation
