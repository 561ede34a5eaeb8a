// A placeholder is a remark that says only that something stays as it is or was left out. So it is
// told by its vocabulary: a remark with any other word says something of its own and is a comment.
// Remarks that begin with dots are read more strictly, for few comments do.

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "core/base/text.h"
#include "core/generation/reply_checks.h"
#include "core/generation/reply_labels.h"
#include "core/generation/reply_lines.h"

namespace ratchet::generation {
namespace {

using Words = std::span<const std::string_view>;

constexpr auto kWhich = std::to_array<std::string_view>(
    {"rest", "remaining", "remainder", "other", "others", "existing", "previous", "original"});
// Which of them, next to a word for code, needs no more to be a placeholder.
constexpr auto kOld = std::to_array<std::string_view>({"rest", "existing", "previous", "original"});
constexpr auto kCode = std::to_array<std::string_view>(
    {"code", "implementation", "implementations", "logic", "body", "content", "contents"});
constexpr auto kParts = std::to_array<std::string_view>(
    {"file",     "function",   "functions",   "method",   "methods", "class",         "classes",
     "module",   "component",  "template",    "document", "query",   "markup",        "imports",
     "handlers", "helpers",    "definitions", "settings", "config",  "configuration", "columns",
     "fields",   "properties", "routes",      "tests",    "script",  "section",       "sections"});
constexpr auto kGone = std::to_array<std::string_view>(
    {"unchanged", "unmodified", "untouched", "omitted", "truncated", "snip", "snipped", "elided"});
constexpr auto kStays = std::to_array<std::string_view>(
    {"remain", "remains", "stay", "stays", "continue", "continues"});
constexpr auto kGlue = std::to_array<std::string_view>(
    {"the",    "of",      "for",  "this", "that", "your", "my",   "in",         "and",   "as",
     "is",     "are",     "was",  "were", "it",   "its",  "all",  "here",       "above", "below",
     "before", "brevity", "same", "keep", "kept", "todo", "goes", "everything", "else"});

struct Remark {
  std::vector<std::string> words;
  bool words_only = true;  // no signs of code between them
  bool dots_first = false, dots_last = false;

  [[nodiscard]] bool Has(Words wanted) const {
    return std::ranges::any_of(words, [&](const auto& w) { return OneOf(w, wanted); });
  }
  [[nodiscard]] bool Says(std::string_view word) const {
    return std::ranges::find(words, word) != words.end();
  }
};

Remark ReadRemark(std::string_view text) {
  constexpr std::string_view kAround = " \t-=*<>[](){}:,;!";
  const std::string plain = ReplaceAll(Lowercase(text), "…", "...");
  std::string_view rest = plain;
  const auto trim = [&] {
    const size_t first = std::min(rest.find_first_not_of(kAround), rest.size());
    rest = rest.substr(first, rest.find_last_not_of(kAround) - first + 1);
  };
  Remark remark;
  trim();
  remark.dots_first = rest.starts_with("...");
  remark.dots_last = rest.ends_with("...");
  std::string word;
  for (const char c : std::string(rest) + " ") {
    if (c >= 'a' && c <= 'z') {
      word += c;
      continue;
    }
    if (!word.empty()) remark.words.push_back(std::exchange(word, {}));
    if (std::string_view(" .,:-()[]<>").find(c) == std::string_view::npos)
      remark.words_only = false;
  }
  return remark;
}

// Only words that say that something stays, and enough of them.
bool SaysOnlyThatItStays(const Remark& r) {
  const bool vocabulary = r.words_only && std::ranges::all_of(r.words, [](const auto& w) {
                            return OneOf(w, kWhich) || OneOf(w, kCode) || OneOf(w, kParts) ||
                                   OneOf(w, kGone) || OneOf(w, kStays) || OneOf(w, kGlue);
                          });
  if (!vocabulary || r.words.empty()) return false;
  const bool thing = r.Has(kCode) || r.Has(kParts);
  const bool dots = r.dots_first || r.dots_last;
  if (dots && (r.Has(kWhich) || r.Has(kGone) || r.Has(kStays) || r.Has(kCode))) return true;
  if (r.Has(kWhich) && (r.Has(kGone) || r.Has(kStays))) return true;
  if (thing && (r.Has(kGone) || (r.Has(kStays) && r.Says("same")))) return true;
  if (r.Has(kOld) && r.Has(kCode)) return true;
  if (r.Says("rest") && thing) return true;
  return (r.Says("same") && r.Says("before")) || r.Says("brevity") ||
         r.words == std::vector<std::string>{"snip"};
}

bool IsPlaceholder(const Remark& r) {
  if (SaysOnlyThatItStays(r)) return true;
  if (!r.dots_first || r.words.empty()) return false;
  const bool opens = OneOf(r.words.front(), kWhich) || OneOf(r.words.front(), kGone);
  return opens || (r.dots_last && (r.Has(kWhich) || r.Has(kGone)));
}

// The remark on a line: a comment, or text that no language takes for code. Where '#' and '*' make
// headings and lists, they make no comments.
std::optional<std::string_view> RemarkOn(std::string_view line, bool prose) {
  line = Trim(line);
  for (const std::string_view nothing : {"...", "pass"}) {  // a statement that does nothing
    const auto behind = line.starts_with(nothing) ? CommentOf(line.substr(nothing.size()))
                                                  : std::optional<std::string_view>();
    if (behind) return behind;
  }
  if (prose && (line.starts_with("#") || line.starts_with("* "))) return std::nullopt;
  if (const auto comment = CommentOf(line)) return comment;
  if (line.starts_with("* ")) return line.substr(2);
  // Behind code only with dots at once: "return x  # ... rest of the function ...".
  for (const std::string_view mark : {" # ", " // ", " /* "}) {
    const size_t at = line.find(std::string(mark) + "...");
    if (at != std::string_view::npos) return line.substr(at + mark.size());
  }
  const bool bracketed = (line.starts_with("[") && line.ends_with("]")) ||
                         (line.starts_with("(") && line.ends_with(")"));
  const bool sentence = line.starts_with("... ") || line.starts_with("… ");
  const bool words = line.find(' ') != std::string_view::npos && ReadRemark(line).words_only &&
                     line.find(',') == std::string_view::npos;
  return (bracketed || sentence) && words ? std::optional(line) : std::nullopt;
}

}  // namespace

bool HasElision(const std::string& path, std::string_view text, std::string_view before) {
  std::set<std::string_view> own;
  for (const auto line : SplitLines(before)) own.insert(Trim(line));
  return std::ranges::any_of(SplitLines(text), [&](std::string_view line) {
    const auto remark = RemarkOn(line, IsProse(path));
    return remark && IsPlaceholder(ReadRemark(*remark)) && !own.contains(Trim(line));
  });
}

}  // namespace ratchet::generation
