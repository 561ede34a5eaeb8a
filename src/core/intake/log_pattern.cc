#include "core/intake/log_pattern.h"

#include <algorithm>

#include "core/base/text.h"

namespace ratchet::intake {
namespace {

constexpr std::string_view kMask = "<*>";

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A token is variable when it has a digit, or is a path or an address.
bool IsVariable(std::string_view token) {
  if (std::ranges::any_of(token, IsDigit)) return true;
  return token.size() > 1 && token.front() == '/';
}

void AppendMask(std::string& out) {
  if (!out.ends_with(kMask)) out += kMask;
}

}  // namespace

std::string MaskVariables(std::string_view message) {
  constexpr size_t kLongest = 300;
  const std::string head = Shorten(message, kLongest);
  std::string out;
  for (size_t i = 0; i < head.size();) {
    const char c = head[i];
    if (c == '\'' || c == '"') {
      // A quote opens at the start of a word and closes at the end of one; otherwise it is an
      // apostrophe.
      const bool opens = i == 0 || !IsWord(head[i - 1]);
      const size_t end = head.find(c, i + 1);
      if (opens && end != std::string::npos) {
        AppendMask(out);
        i = end + 1;
        continue;
      }
    }
    const bool path = c == '/' && i + 1 < head.size() && IsWord(head[i + 1]);
    if (!IsWord(c) && !path) {
      out += c == '\n' ? ' ' : c;
      ++i;
      continue;
    }
    size_t end = i + (path ? 1 : 0);
    const auto inside = [&](char x) {
      return IsWord(x) || x == '-' || x == '.' || x == '/' || x == ':' || x == '@';
    };
    while (end < head.size() && inside(head[end])) ++end;
    while (end > i + 1 && !IsWord(head[end - 1])) --end;  // trailing punctuation is the sentence's
    const std::string_view token = std::string_view(head).substr(i, end - i);
    if (IsVariable(token)) {
      AppendMask(out);
    } else {
      out += token;
    }
    i = end;
  }
  return out;
}

std::string StatementShape(std::string_view statement) {
  std::string out;
  for (size_t i = 0; i < statement.size() && out.size() < 400;) {
    const char c = statement[i];
    if (c == '\'') {
      size_t end = i + 1;
      while (end < statement.size() && statement[end] != '\'') ++end;
      out += '?';
      i = end + 1;
    } else if (IsDigit(c) && (i == 0 || !IsWord(statement[i - 1]))) {
      while (i < statement.size() && (IsWord(statement[i]) || statement[i] == '.')) ++i;
      out += '?';
    } else if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      if (!out.empty() && out.back() != ' ') out += ' ';
      ++i;
    } else {
      out += c;
      ++i;
    }
  }
  for (std::string_view list : {"?, ?", "?,?"}) {
    while (out.find(list) != std::string::npos) out = ReplaceAll(out, list, "?");
  }
  return std::string(Trim(out));
}

}  // namespace ratchet::intake
