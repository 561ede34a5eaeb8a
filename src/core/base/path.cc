#include "core/base/path.h"

#include <algorithm>

#include "core/base/text.h"

namespace ratchet {
namespace {

// Characters that print as nothing or turn the direction of text: U+00AD, U+034F, U+061C,
// U+180E, U+200B-200F, U+2028-202E, U+2060-206F, U+FE00-FE0F, U+FEFF, U+FFF9-FFFB, and every
// full-width form of '.', '/' and '\' (U+FF0E, U+FF0F, U+FF3C), U+2024, U+2044, U+2215.
bool HasDeceivingCharacter(std::string_view path) {
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    const auto a = static_cast<unsigned char>(path[i]);
    const auto b = static_cast<unsigned char>(path[i + 1]);
    const auto c = i + 2 < path.size() ? static_cast<unsigned char>(path[i + 2]) : 0U;
    unsigned code = 0;
    if ((a & 0xE0) == 0xC0) code = ((a & 0x1FU) << 6) | (b & 0x3FU);
    if ((a & 0xF0) == 0xE0) code = ((a & 0x0FU) << 12) | ((b & 0x3FU) << 6) | (c & 0x3FU);
    const auto in = [&](unsigned low, unsigned high) { return low <= code && code <= high; };
    if (in(0x80, 0x9F) || code == 0xA0 || code == 0xAD || code == 0x34F || code == 0x61C ||
        code == 0x180E || in(0x200B, 0x200F) || code == 0x2024 || in(0x2028, 0x202E) ||
        code == 0x2044 || in(0x2060, 0x206F) || code == 0x2215 || in(0xFE00, 0xFE0F) ||
        code == 0xFEFF || code == 0xFF0E || code == 0xFF0F || code == 0xFF3C ||
        in(0xFFF9, 0xFFFB)) {
      return true;
    }
  }
  return false;
}

}  // namespace

Result<std::string> NormaliseRelativePath(std::string_view path) {
  const auto refuse = [&](std::string_view why) {
    return Fail(ErrorCode::kPermissionDenied, "path \"" + ToValidUtf8(path) + "\" " +
                                                  std::string(why) +
                                                  "; allowed: a path inside the component");
  };
  if (path.empty()) return refuse("is empty");
  if (path.front() == '/') return refuse("is absolute");
  if (path.front() == '~') return refuse("starts with ~");
  if (path.size() >= 2 && path[1] == ':') return refuse("names a drive");
  if (path.find('\\') != std::string_view::npos) return refuse("has a backslash");
  if (path.find('%') != std::string_view::npos) return refuse("has a percent escape");
  if (path.find('$') != std::string_view::npos) return refuse("names a variable");
  if (!IsValidUtf8(path) || HasDeceivingCharacter(path)) return refuse("has invisible characters");
  if (std::ranges::any_of(path,
                          [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; }))
    return refuse("has control characters");
  std::string normal;
  for (const auto& part : Split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return refuse("has ..");
    if (part.find_first_not_of(". ") == std::string::npos) return refuse("has a name of dots");
    if (part.size() > 255) return refuse("has a name over 255 bytes");
    if (!normal.empty()) normal += '/';
    normal += part;
  }
  if (normal.empty() || path.back() == '/') return refuse("names no file");
  return normal;
}

}  // namespace ratchet
