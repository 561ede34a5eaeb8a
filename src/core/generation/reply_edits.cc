#include "core/generation/reply_edits.h"

#include <utility>

#include "core/base/text.h"
#include "core/generation/reply_lines.h"

namespace ratchet::generation {
namespace {

bool SameButTrailingSpace(std::string_view a, std::string_view b) {
  const auto end = [](std::string_view s) { return s.substr(0, s.find_last_not_of(" \t\r") + 1); };
  return end(a) == end(b);
}

// The state of reading SEARCH/REPLACE blocks line by line.
class SearchReader {
 public:
  EditError Read(const std::vector<std::string>& lines, std::vector<SearchReplace>& edits) {
    for (const std::string& line : lines) {
      if (const char* why = Add(line, edits); why != nullptr) return Malformed(why);
    }
    if (in_ != In::kNothing) return Malformed("has no end");
    return edit_.label.empty() ? EditError{} : Malformed("is followed by lines outside of any");
  }

 private:
  enum class In { kNothing, kSearch, kReplace };

  static EditError Malformed(const char* why) {
    return {"block_malformed", std::string("a SEARCH/REPLACE block ") + why};
  }

  // What is wrong with the line where it stands; nullptr for nothing.
  const char* Add(const std::string& line, std::vector<SearchReplace>& edits) {
    if (IsSearchMarker(line)) {
      if (in_ != In::kNothing) return "starts before the last one ended";
      in_ = In::kSearch;
      begin_ = line;
    } else if (IsReplaceMarker(line)) {
      if (in_ == In::kNothing) return "ends without having started";
      if (in_ == In::kSearch) return "has no divider";
      edits.push_back(std::exchange(edit_, {}));
      in_ = In::kNothing;
    } else if (in_ != In::kNothing && Divides(line)) {
      if (in_ == In::kReplace) return "has more than one divider";
      in_ = In::kReplace;
    } else if (in_ == In::kNothing) {
      if (Trim(line).empty()) return nullptr;
      if (!edit_.label.empty()) return "has lines outside of it";
      edit_.label = line;
    } else {
      (in_ == In::kSearch ? edit_.search : edit_.replace).push_back(line);
    }
    return nullptr;
  }

  [[nodiscard]] bool Divides(const std::string& line) const {
    const auto run = [](const std::string& marker, char c) {
      return std::pair(marker.find(c), marker.rfind(c));
    };
    return IsDividerMarker(line) && run(line, '=') == run(begin_, '<');
  }

  In in_ = In::kNothing;
  std::string begin_;
  SearchReplace edit_;
};

}  // namespace

bool SameExactly(std::string_view a, std::string_view b) { return a == b; }

std::vector<std::string> LinesOf(std::string_view text) {
  std::vector<std::string> lines;
  for (const auto line : SplitLines(text)) lines.emplace_back(line);
  return lines;
}

std::string TextOf(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

std::vector<size_t> Places(const std::vector<std::string>& text,
                           const std::vector<std::string>& wanted, SameLine same) {
  std::vector<size_t> places;
  for (size_t i = 0; i + wanted.size() <= text.size(); ++i) {
    size_t k = 0;
    while (k < wanted.size() && same(text[i + k], wanted[k])) ++k;
    if (k == wanted.size()) places.push_back(i);
  }
  return places;
}

void ReplaceLines(std::vector<std::string>& text, size_t at, size_t count,
                  const std::vector<std::string>& by) {
  const auto begin = text.begin() + static_cast<std::ptrdiff_t>(at);
  text.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
  text.insert(text.begin() + static_cast<std::ptrdiff_t>(at), by.begin(), by.end());
}

EditError ReadSearchReplace(const std::vector<std::string>& lines,
                            std::vector<SearchReplace>& edits) {
  return SearchReader().Read(lines, edits);
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
  ReplaceLines(lines, places.front(), edit.search.size(), edit.replace);
  text = TextOf(lines);
  return {};
}

}  // namespace ratchet::generation
