#include "core/generation/redact.h"

#include <algorithm>
#include <array>

#include "core/base/text.h"

namespace ratchet::generation {
namespace {

constexpr std::string_view kMask = "[redacted]";

bool IsTokenCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '+' || c == '/' || c == '=' || c == '.';
}

// Keys with a well-known prefix, and long random words: mixed case and digits, 32 or more.
bool LooksLikeSecret(std::string_view word) {
  for (const std::string_view prefix :
       {"sk-", "ghp_", "gho_", "github_pat_", "xoxb-", "xoxp-", "AKIA", "ASIA", "AIza", "eyJ"}) {
    if (word.starts_with(prefix) && word.size() >= prefix.size() + 12) return true;
  }
  if (word.size() < 32 || word.find('/') != std::string_view::npos ||
      word.find('.') != std::string_view::npos)
    return false;
  const bool digit = std::ranges::any_of(word, [](char c) { return c >= '0' && c <= '9'; });
  const bool upper = std::ranges::any_of(word, [](char c) { return c >= 'A' && c <= 'Z'; });
  const bool lower = std::ranges::any_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
  return digit && upper && lower;
}

// "password = hunter2", "Authorization: Bearer x", "api_key":"x": the value's begin, or npos.
size_t SecretValueAt(const std::string& lower, const std::string& line, size_t from) {
  size_t best = std::string::npos;
  for (const std::string_view name :
       {"password", "passwd", "secret", "api_key", "apikey", "api-key", "access_key", "private_key",
        "authorization", "token", "cookie"}) {
    const size_t at = lower.find(name, from);
    if (at == std::string::npos) continue;
    size_t value = at + name.size();
    while (value < line.size() && (line[value] == '"' || line[value] == '\'' || line[value] == ' '))
      ++value;
    if (value >= line.size() || (line[value] != '=' && line[value] != ':')) continue;
    ++value;
    while (value < line.size() && (line[value] == ' ' || line[value] == '"' || line[value] == '\''))
      ++value;
    for (const std::string_view scheme : {"bearer ", "basic "}) {
      if (lower.compare(value, scheme.size(), scheme) == 0) value += scheme.size();
    }
    best = std::min(best, value);
  }
  return best;
}

std::string RedactLine(std::string line) {
  const std::string lower = Lowercase(line);
  if (const size_t value = SecretValueAt(lower, line, 0); value < line.size()) {
    size_t end = value;
    while (end < line.size() && line[end] != '"' && line[end] != '\'' && line[end] != ' ' &&
           line[end] != ',')
      ++end;
    if (end > value) line.replace(value, end - value, kMask);
  }
  const size_t scheme = line.find("://");
  const size_t at_sign = scheme == std::string::npos ? std::string::npos : line.find('@', scheme);
  if (at_sign != std::string::npos &&
      line.substr(scheme, at_sign - scheme).find_first_of(" /", 3) == std::string::npos) {
    line.replace(scheme + 3, at_sign - scheme - 3, kMask);
  }
  std::string out;
  for (size_t i = 0; i < line.size();) {
    size_t end = i;
    while (end < line.size() && IsTokenCharacter(line[end])) ++end;
    const std::string_view word = std::string_view(line).substr(i, end - i);
    out += LooksLikeSecret(word) ? kMask : word;
    if (end < line.size()) out += line[end++];
    i = end;
  }
  return out;
}

}  // namespace

std::string RedactSecrets(std::string_view text) {
  std::string out;
  bool in_key = false;
  for (const auto line : SplitLines(text)) {
    if (line.find("-----BEGIN") != std::string_view::npos &&
        line.find("PRIVATE KEY") != std::string_view::npos) {
      in_key = true;
      out += std::string(kMask) + "\n";
    }
    if (!in_key) out += RedactLine(std::string(line)) + "\n";
    if (line.find("-----END") != std::string_view::npos) in_key = false;
  }
  if (!text.ends_with('\n') && out.ends_with('\n')) out.pop_back();
  return out;
}

}  // namespace ratchet::generation
