#pragma once
// How replies write the names of files: in info strings, in labels, in sentences, in comments.
// Pure text; which files there are is not known here.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ratchet::generation {

// Something that a person would write as a path: a slash or an extension, and no spaces.
bool LooksLikePath(std::string_view text);
// Stricter, for a word that stands among others: it ends in an extension, and that is a usual one
// or a slash comes before it. Not "asyncio.gather", "and/or", "/api/orders" or an address.
bool NamesFile(std::string_view text);

// Without the quotes, stars, hashes and colons around it.
std::string_view StripMarks(std::string_view text);
// What a line labels, when that is all it does: "## 2. File: `a/b.x` (new)" is "a/b.x".
std::string_view LabelText(std::string_view line);

struct LabelWord {
  std::string text;     // without marks and punctuation
  bool marked = false;  // in backticks, stars or quotes
};
std::vector<LabelWord> WordsOf(std::string_view line);

// The value of title="a/b.x", file=a/b.x, {path='a/b.x'} in an info string. A title may be one
// of anything, so it counts only when it is a path or `is_known`.
std::optional<std::string> AttributeOf(const std::string& info,
                                       const std::function<bool(const std::string&)>& is_known);

// Blocks in these languages are commands, or also output: never files, unless their name says so.
bool IsShell(const std::string& info);
bool IsShellOrOutput(const std::string& info);
// Files that a block of commands is, and files that a block of either kind may be.
bool IsScript(const std::string& path);
bool IsScriptOrText(const std::string& path);
// Files that hold fences, so that a fence inside of their block proves nothing.
bool HoldsFences(const std::string& path);
// Texts for people, where '#' and '*' begin headings and lists.
bool IsProse(const std::string& path);

}  // namespace ratchet::generation
