#include "core/generation/reply_lines.h"

#include <array>

#include "core/base/text.h"

namespace ratchet::generation {
namespace {

bool RepeatsThenWord(std::string_view line, char character, std::string_view word) {
  line = Trim(line);
  size_t count = 0;
  while (count < line.size() && line[count] == character) ++count;
  return count >= 5 && count <= 9 && Trim(line.substr(count)) == word;
}

struct CommentMarks {
  std::string_view begin, end;  // no end: the comment ends with the line
};
// A longer mark stands before the one that it starts with.
constexpr auto kComments = std::to_array<CommentMarks>({{"<!--", "-->"},
                                                        {"<%--", "--%>"},
                                                        {"{/*", "*/}"},
                                                        {"/**", "*/"},
                                                        {"/*", "*/"},
                                                        {"{#", "#}"},
                                                        {"{-", "-}"},
                                                        {"(*", "*)"},
                                                        {"\"\"\"", "\"\"\""},
                                                        {"'''", "'''"},
                                                        {"REM ", ""},
                                                        {"rem ", ""},
                                                        {"//!", ""},
                                                        {"//", ""},
                                                        {"--", ""},
                                                        {"#", ""},
                                                        {";", ""},
                                                        {"%", ""}});

}  // namespace

std::optional<Fence> ReadFence(std::string_view line) {
  Fence fence;
  while (fence.indent < line.size() && line[fence.indent] == ' ') ++fence.indent;
  if (fence.indent > 3 || fence.indent == line.size()) return std::nullopt;
  fence.character = line[fence.indent];
  if (fence.character != '`' && fence.character != '~') return std::nullopt;
  size_t at = fence.indent;
  while (at < line.size() && line[at] == fence.character) ++at;
  fence.length = at - fence.indent;
  if (fence.length < 3) return std::nullopt;
  fence.info = Trim(line.substr(at));
  if (fence.character == '`' && fence.info.find('`') != std::string::npos) return std::nullopt;
  return fence;
}

bool Closes(const Fence& closer, const Fence& opener) {
  return closer.character == opener.character && closer.length >= opener.length &&
         closer.info.empty();
}

bool IsSearchMarker(std::string_view line) { return RepeatsThenWord(line, '<', "SEARCH"); }
bool IsDividerMarker(std::string_view line) { return RepeatsThenWord(line, '=', ""); }
bool IsReplaceMarker(std::string_view line) { return RepeatsThenWord(line, '>', "REPLACE"); }

bool IsConflictMarker(std::string_view line) {
  if (IsSearchMarker(line) || IsReplaceMarker(line)) return true;
  for (const std::string_view mark : {"<<<<<<<", ">>>>>>>", "|||||||"}) {
    if (line.starts_with(mark) && (line.size() == mark.size() || line[mark.size()] == ' '))
      return true;
  }
  return false;
}

std::optional<std::string_view> CommentOf(std::string_view line) {
  line = Trim(line);
  for (const auto& [begin, end] : kComments) {
    if (!line.starts_with(begin)) continue;
    line.remove_prefix(begin.size());
    if (!end.empty()) {
      if (!line.ends_with(end)) return std::nullopt;  // goes on in the next line, or code follows
      line.remove_suffix(end.size());
      return Trim(line);
    }
    // "## ", ";;; ", "/// ": the mark is repeated. ("--- a/x" is no comment.)
    const char mark = begin.back();
    if (mark == '-' && line.starts_with('-')) return std::nullopt;
    while (!line.empty() && line.front() == mark) line.remove_prefix(1);
    return Trim(line);
  }
  return std::nullopt;
}

}  // namespace ratchet::generation
