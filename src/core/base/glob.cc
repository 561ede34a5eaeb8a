#include "core/base/glob.h"

#include <algorithm>

namespace ratchet {

bool GlobMatches(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return path.empty();
  if (pattern.starts_with("**/")) {
    const std::string_view rest = pattern.substr(3);
    if (GlobMatches(rest, path)) return true;
    for (size_t i = 0; i < path.size(); ++i) {
      if (path[i] == '/' && GlobMatches(rest, path.substr(i + 1))) return true;
    }
    return false;
  }
  if (pattern == "**") return true;
  if (pattern[0] == '*') {
    const std::string_view rest = pattern.substr(1);
    for (size_t i = 0; i <= path.size(); ++i) {
      if (GlobMatches(rest, path.substr(i))) return true;
      if (i < path.size() && path[i] == '/') return false;
    }
    return false;
  }
  if (path.empty()) return false;
  if (pattern[0] != path[0] && (pattern[0] != '?' || path[0] == '/')) return false;
  return GlobMatches(pattern.substr(1), path.substr(1));
}

bool MatchesAny(std::span<const std::string> patterns, std::string_view path) {
  return std::ranges::any_of(patterns, [&](const auto& p) { return GlobMatches(p, path); });
}

}  // namespace ratchet
