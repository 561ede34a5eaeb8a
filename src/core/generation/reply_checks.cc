#include "core/generation/reply_checks.h"

#include <algorithm>
#include <array>
#include <set>

#include "core/base/text.h"

namespace ratchet::generation {
namespace {

bool ContainsAny(const std::string& text, std::initializer_list<const char*> phrases) {
  return std::ranges::any_of(phrases,
                             [&](const char* p) { return text.find(p) != std::string::npos; });
}

// The text of a line that is only a comment (or a bracketed remark), also behind a statement that
// does nothing; "" for code.
std::string RemarkOf(std::string_view line) {
  line = Trim(line);
  for (const std::string_view nothing : {"...", "pass"}) {
    if (line.starts_with(nothing)) line = Trim(line.substr(nothing.size()));
  }
  for (const std::string_view marker : {"#", "//", "/*", "<!--", "--", ";", "[", "("}) {
    if (line.starts_with(marker)) return Lowercase(Trim(line.substr(marker.size())));
  }
  return {};
}

bool IsElision(std::string_view line) {
  const std::string remark = RemarkOf(line);
  if (remark.empty()) return false;
  const bool dots =
      remark.find("...") != std::string::npos || remark.find("…") != std::string::npos;
  if (dots && ContainsAny(remark, {"rest", "unchanged", "existing", "remain", "same", "previous",
                                   "other ", "omitted", "as before", "original", "keep", "continue",
                                   "your code", "implementation"})) {
    return true;
  }
  if (ContainsAny(remark, {"existing code", "existing implementation", "previous implementation",
                           "previous code", "omitted for brevity", "unchanged code",
                           "remaining code", "code remains", "code unchanged",
                           "original implementation here", "same as before"})) {
    return true;
  }
  return remark.find("rest of ") != std::string::npos &&
         ContainsAny(remark,
                     {"code", "file", "function", "class", "method", "implementation", "module"});
}

// Names defined at the left margin, in the languages we may meet.
std::set<std::string> Definitions(std::string_view text) {
  std::set<std::string> names;
  for (std::string_view line : SplitLines(text)) {
    for (const std::string_view prefix :
         {"export ", "pub ", "public ", "async ", "default ", "static "}) {
      if (line.starts_with(prefix)) line.remove_prefix(prefix.size());
    }
    for (const std::string_view keyword :
         {"def ", "class ", "function ", "func ", "fn ", "interface ", "struct ", "type "}) {
      if (!line.starts_with(keyword)) continue;
      const std::string_view rest = line.substr(keyword.size());
      const size_t end = rest.find_first_of(" (:<{=");
      names.emplace(rest.substr(0, end));
    }
  }
  return names;
}

}  // namespace

bool HasElision(std::string_view text, std::string_view before) {
  std::set<std::string_view> own;
  for (const auto line : SplitLines(before)) own.insert(Trim(line));
  const auto lines = SplitLines(text);
  return std::ranges::any_of(
      lines, [&](std::string_view line) { return IsElision(line) && !own.contains(Trim(line)); });
}

bool ShrinksSuspiciously(std::string_view before, std::string_view after, std::string_view prose) {
  const size_t lines_before = SplitLines(before).size(), lines_after = SplitLines(after).size();
  if (lines_before < 20 || lines_after * 2 >= lines_before) return false;
  const auto kept = Definitions(after);
  int lost = 0;
  for (const auto& name : Definitions(before)) {
    if (!kept.contains(name) && !name.starts_with("_") &&
        prose.find(name) == std::string_view::npos)
      ++lost;
  }
  return lost >= 2;
}

bool HasTypographicQuotes(std::string_view text) {
  for (const std::string_view quote :
       {"\xE2\x80\x98", "\xE2\x80\x99", "\xE2\x80\x9C", "\xE2\x80\x9D"}) {
    if (text.find(quote) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace ratchet::generation
