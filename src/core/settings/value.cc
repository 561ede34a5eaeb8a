#include "core/settings/value.h"

#include <fmt/format.h>

#include "core/base/text.h"

namespace ratchet::settings {

std::string Text(const Place& place) {
  switch (place.source) {
    case Source::kDefault:
      return "default";
    case Source::kProfile:
      return "profile " + place.name;
    case Source::kEnvironment:
      return "environment " + place.name;
    case Source::kFile:
      break;
  }
  return place.line == 0 ? place.name
                         : fmt::format("{}:{}:{}", place.name, place.line, place.column);
}

std::string OneLine(std::string_view text) {
  std::string line = ToValidUtf8(text);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < ' ' || c == 127) c = ' ';
  return line;
}

std::string Written(std::string_view text) {
  constexpr size_t kBytesMax = 80;
  return "\"" + Shorten(OneLine(text), kBytesMax) + "\"";
}

}  // namespace ratchet::settings
