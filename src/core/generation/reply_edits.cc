#include "core/generation/reply_edits.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/base/text.h"
#include "core/generation/reply_blocks.h"

namespace ratchet::generation {
namespace {

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (const auto line : SplitLines(text)) lines.emplace_back(line);
  return lines;
}

std::string TextOf(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

using Same = bool (*)(std::string_view, std::string_view);
bool SameExactly(std::string_view a, std::string_view b) { return a == b; }
bool SameButTrailingSpace(std::string_view a, std::string_view b) {
  const auto end = [](std::string_view s) { return s.substr(0, s.find_last_not_of(" \t\r") + 1); };
  return end(a) == end(b);
}

std::vector<size_t> Places(const std::vector<std::string>& text,
                           const std::vector<std::string>& wanted, Same same) {
  std::vector<size_t> places;
  for (size_t i = 0; i + wanted.size() <= text.size(); ++i) {
    size_t k = 0;
    while (k < wanted.size() && same(text[i + k], wanted[k])) ++k;
    if (k == wanted.size()) places.push_back(i);
  }
  return places;
}

void Replace(std::vector<std::string>& text, size_t at, size_t count,
             const std::vector<std::string>& by) {
  const auto begin = text.begin() + static_cast<std::ptrdiff_t>(at);
  text.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
  text.insert(text.begin() + static_cast<std::ptrdiff_t>(at), by.begin(), by.end());
}

// "@@ -12,5 +12,6 @@ def f" → 12; "@@ ... @@" and "@@" → 0.
int HunkLine(std::string_view header) {
  const size_t at = header.find(" -");
  int line = 0;
  if (at != std::string_view::npos) {
    const auto number = header.substr(at + 2);
    std::from_chars(number.data(), number.data() + number.size(), line);
  }
  return line;
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

}  // namespace

EditError ReadSearchReplace(const std::vector<std::string>& lines,
                            std::vector<SearchReplace>& edits) {
  enum class In { kNothing, kSearch, kReplace } in = In::kNothing;
  SearchReplace edit;
  const auto malformed = [](std::string why) {
    return EditError{"block_malformed", "a SEARCH/REPLACE block " + std::move(why)};
  };
  for (const std::string& line : lines) {
    if (IsSearchMarker(line)) {
      if (in != In::kNothing) return malformed("starts before the last one ended");
      in = In::kSearch;
      edit = {};
    } else if (in != In::kNothing && IsDividerMarker(line)) {
      if (in == In::kReplace) return malformed("has more than one divider");
      in = In::kReplace;
    } else if (in != In::kNothing && IsReplaceMarker(line)) {
      if (in == In::kSearch) return malformed("has no divider");
      edits.push_back(std::exchange(edit, {}));
      in = In::kNothing;
    } else if (in == In::kSearch) {
      edit.search.push_back(line);
    } else if (in == In::kReplace) {
      edit.replace.push_back(line);
    }
  }
  return in == In::kNothing ? EditError{} : malformed("has no end");
}

EditError ApplySearchReplace(const SearchReplace& edit, bool exists, std::string& text,
                             std::vector<std::string>& warnings) {
  const bool empty = Trim(TextOf(edit.search)).empty();
  if (empty && exists) {
    return {"empty_search_on_existing", "the SEARCH part is empty, but the file exists"};
  }
  if (empty) {
    text += TextOf(edit.replace);
    return {};
  }
  std::vector<std::string> lines = LinesOf(text);
  auto places = Places(lines, edit.search, SameExactly);
  if (places.empty()) {
    places = Places(lines, edit.search, SameButTrailingSpace);
    if (!places.empty()) warnings.emplace_back("whitespace_relaxed");
  }
  const std::string quoted = Shorten(TextOf(edit.search), 300);
  if (places.empty())
    return {"search_not_found", "this SEARCH text is not in the file, line by line:\n" + quoted};
  if (places.size() > 1)
    return {"search_ambiguous", "this SEARCH text occurs more than once:\n" + quoted};
  Replace(lines, places.front(), edit.search.size(), edit.replace);
  text = TextOf(lines);
  return {};
}

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
      diffs.back().hunks.push_back({.line = HunkLine(line)});
    } else if (!diffs.empty() && !diffs.back().hunks.empty()) {
      if (!AddHunkLine(line, diffs.back().hunks.back())) {
        if (line.starts_with("diff ") || line.starts_with("index ")) continue;
        return {"diff_malformed",
                "a line of a hunk starts with none of ' ', '-', '+': " + Shorten(line, 100)};
      }
    }
  }
  // Blank lines behind a diff are not context.
  for (FileDiff& diff : diffs) {
    for (Hunk& hunk : diff.hunks) {
      while (!hunk.before.empty() && !hunk.after.empty() && hunk.before.back().empty() &&
             hunk.after.back().empty() && &hunk == &diff.hunks.back()) {
        hunk.before.pop_back();
        hunk.after.pop_back();
      }
    }
  }
  return {};
}

EditError ApplyHunk(const Hunk& hunk, std::string& text, std::vector<std::string>& warnings) {
  std::vector<std::string> lines = LinesOf(text);
  const auto stated = static_cast<size_t>(hunk.line > 0 ? hunk.line - 1 : 0);
  const auto places = Places(lines, hunk.before, SameExactly);
  if (places.empty()) {
    return {"hunk_not_found",
            "these lines of a hunk are not in the file:\n" + Shorten(TextOf(hunk.before), 300)};
  }
  size_t place = places.front();
  if (hunk.line > 0 && std::find(places.begin(), places.end(), stated) != places.end()) {
    place = stated;
  } else if (places.size() > 1) {
    return {"hunk_ambiguous",
            "these lines of a hunk occur more than once:\n" + Shorten(TextOf(hunk.before), 300)};
  } else {
    warnings.emplace_back("hunk_relocated");
  }
  Replace(lines, place, hunk.before.size(), hunk.after);
  text = TextOf(lines);
  return {};
}

EditError ReadPatch(const std::vector<std::string>& lines, std::vector<PatchSection>& sections) {
  using Kind = PatchSection::Kind;
  const auto value = [](std::string_view line, std::string_view key) {
    return std::string(Trim(line.substr(key.size())));
  };
  for (const std::string& line : lines) {
    const std::string_view trimmed = Trim(line);
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
  return {};
}

}  // namespace ratchet::generation
