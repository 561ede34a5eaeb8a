#pragma once
// A value as somebody gave it, with the place where it was given: not yet read as anything.

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/time.h"

namespace ratchet::settings {

// The later outranks the earlier.
enum class Source { kDefault, kProfile, kFile, kEnvironment };

struct Place {
  Source source = Source::kDefault;
  std::string name;  // the profile, the file, the variable
  int line = 0;      // from 1; 0: somewhere in the file
  int column = 0;
  auto operator<=>(const Place&) const = default;
};

// "default", "profile careful", "ratchet.toml:12:5", "environment MAX_CONCURRENT_IMPROVEMENTS".
std::string Text(const Place& place);

// Control characters become spaces: a text from outside fits into a line of ours.
std::string OneLine(std::string_view text);
// A text as messages quote it, cut when it is long.
std::string Written(std::string_view text);

struct Value {
  using List = std::vector<Value>;
  using Table = std::map<std::string, Value>;
  // monostate: something that no setting is, such as a date.
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Duration, List, Table> data;
  std::string written;  // for messages
  Place place;
};

}  // namespace ratchet::settings
