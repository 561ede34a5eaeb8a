#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/settings/value.h"

namespace ratchet {

// A TOML text as values with their places in `file`, which is only named: one table.
// Fails with "FILE:LINE...: what is wrong" for what is no TOML.
Result<settings::Value> ReadToml(std::string_view text, const std::string& file);

}  // namespace ratchet
