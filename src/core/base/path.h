#pragma once
// Component-relative paths. Where a path may point is decided here by its text alone; adapters
// decide again by descriptor when they write (a text cannot see a symbolic link).

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace ratchet {

// "./svc//a.x" -> "svc/a.x". Refuses (kPermissionDenied) what could leave the root or mean
// something else on another system: "..", absolute, "~", drive letters, backslashes, percent
// escapes, control and invisible or direction-changing characters, over 255 bytes a name.
Result<std::string> NormaliseRelativePath(std::string_view path);

}  // namespace ratchet
