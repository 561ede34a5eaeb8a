#pragma once
// Is this text TOML at all? toml++ asserts or misreads some malformed texts, so nothing reaches it
// that the grammar refuses.

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace ratchet {

// Fails with "FILE:LINE:COLUMN: no TOML here: TEXT" at the first place that the grammar refuses
// (both from 1; `file` is only named). What the meaning forbids, such as a key given twice, passes:
// toml++ says that.
Status CheckTomlSyntax(std::string_view text, const std::string& file);

}  // namespace ratchet
