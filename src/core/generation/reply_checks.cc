#include "core/generation/reply_checks.h"

#include <algorithm>
#include <array>
#include <set>

#include "core/base/text.h"
#include "core/generation/reply_lines.h"

namespace ratchet::generation {
namespace {

constexpr auto kModifiers = std::to_array<std::string_view>(
    {"export ", "default ", "pub ", "public ", "async ", "static ", "abstract ", "final ",
     "override ", "virtual ", "inline ", "constexpr ", "sealed ", "declare ", "unsafe ",
     "synchronized "});
constexpr auto kKeywords = std::to_array<std::string_view>(
    {"def ", "class ", "function ", "function* ", "func ", "fn ", "interface ", "struct ", "type ",
     "enum ", "trait ", "record ", "fun "});
constexpr auto kStatements =
    std::to_array<std::string_view>({"if", "for", "while", "switch", "catch", "return", "else",
                                     "with", "match", "when", "foreach", "private", "protected"});

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view LeadingWord(std::string_view text) {
  size_t end = 0;
  while (end < text.size() && IsWordCharacter(text[end])) ++end;
  return text.substr(0, end);
}

// "const total = (xs) => {", "let total = function (xs) {".
std::string_view FunctionValue(std::string_view line) {
  for (const std::string_view keyword : {"const ", "let ", "var "}) {
    if (!line.starts_with(keyword)) continue;
    const bool function = line.find("=>") != std::string_view::npos ||
                          line.find("function") != std::string_view::npos;
    return function ? LeadingWord(line.substr(keyword.size())) : std::string_view{};
  }
  return {};
}

// "int total(int x) {", "total(xs) {": a name, arguments and a body that begins.
std::string_view WithBody(std::string_view line) {
  const size_t arguments = line.find('(');
  const bool shaped = arguments != std::string_view::npos && line.ends_with("{") &&
                      line.find_first_of("=.\"'`") > arguments &&
                      line.find("=>") == std::string_view::npos;
  if (!shaped || std::ranges::find(kStatements, LeadingWord(line)) != kStatements.end()) return {};
  size_t begin = arguments;
  while (begin > 0 && IsWordCharacter(line[begin - 1])) --begin;
  return line.substr(begin, arguments - begin);
}

// The public name that a line defines; "" for none.
std::string_view DefinedOn(std::string_view line) {
  const auto leads = [&](std::string_view modifier) { return line.starts_with(modifier); };
  for (const auto* m = std::ranges::find_if(kModifiers, leads); m != kModifiers.end();
       m = std::ranges::find_if(kModifiers, leads))  // they come in any order
    line.remove_prefix(m->size());
  for (const std::string_view keyword : kKeywords) {
    if (!line.starts_with(keyword)) continue;
    line.remove_prefix(keyword.size());
    // Go: "func (t *T) Total()".
    const size_t receiver = line.find(") ");
    if (line.starts_with("(") && receiver != std::string_view::npos)
      line.remove_prefix(receiver + 2);
    return LeadingWord(line);
  }
  const std::string_view value = FunctionValue(line);
  return value.empty() ? WithBody(line) : value;
}

// At the left margin or one step in, where methods are; further in they are of no one's concern.
std::set<std::string_view> Definitions(std::string_view text) {
  std::set<std::string_view> names;
  for (const std::string_view line : SplitLines(text)) {
    const std::string_view trimmed = Trim(line);
    if (trimmed.empty()) continue;
    const size_t indent = line.find(trimmed.front());
    const size_t step = line.front() == '\t' ? 1 : 4;
    const std::string_view name = indent <= step ? DefinedOn(trimmed) : std::string_view{};
    if (!name.empty() && name.front() != '_') names.insert(name);
  }
  return names;
}

bool HoldsWord(std::string_view text, std::string_view word) {
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    const bool whole = (at == 0 || !IsWordCharacter(text[at - 1])) &&
                       (end == text.size() || !IsWordCharacter(text[end]));
    if (whole) return true;
  }
  return false;
}

}  // namespace

bool ShrinksSuspiciously(std::string_view before, std::string_view after, std::string_view prose) {
  if (Trim(after).empty()) return !Trim(before).empty();
  const size_t lines_before = SplitLines(before).size(), lines_after = SplitLines(after).size();
  if (lines_before < 20 || lines_after * 2 >= lines_before) return false;
  const auto kept = Definitions(after), had = Definitions(before);
  const auto lost = std::ranges::count_if(
      had, [&](auto name) { return !kept.contains(name) && !HoldsWord(prose, name); });
  return lost >= 2;
}

bool HasConflictMarker(std::string_view text, std::string_view before) {
  std::set<std::string_view> own;
  for (const auto line : SplitLines(before)) own.insert(line);
  return std::ranges::any_of(SplitLines(text), [&](std::string_view line) {
    return IsConflictMarker(line) && !own.contains(line);
  });
}

bool HasTypographicQuotes(std::string_view text) {
  for (const std::string_view quote :
       {"\xE2\x80\x98", "\xE2\x80\x99", "\xE2\x80\x9C", "\xE2\x80\x9D"}) {
    if (text.find(quote) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace ratchet::generation
