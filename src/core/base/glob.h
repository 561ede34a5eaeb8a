#pragma once
// Path patterns as in .gitignore: `*` and `?` stop at '/', `**` crosses it.

#include <span>
#include <string>
#include <string_view>

namespace ratchet {

// GlobMatches("src/**/*.x", "src/a/b.x"). `**/` also matches no folder at all.
bool GlobMatches(std::string_view pattern, std::string_view path);
bool MatchesAny(std::span<const std::string> patterns, std::string_view path);

}  // namespace ratchet
