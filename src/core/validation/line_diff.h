#pragma once
// Which lines of a new text are not in the old one at their place (Myers' O(ND) difference).

#include <map>
#include <set>
#include <string_view>

namespace ratchet::validation {

// 1-based line numbers of `after` that were added or changed.
std::set<int> ChangedLines(std::string_view before, std::string_view after);

// Old line number → new line number, for lines that stayed. Both 1-based.
std::map<int, int> KeptLines(std::string_view before, std::string_view after);

}  // namespace ratchet::validation
