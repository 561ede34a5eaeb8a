#pragma once

#include <string>

#include "core/settings/schema.h"

namespace ratchet::settings {

// The text of an environment variable as what the setting's type would have it be, if it can be
// that: a flag, a number, a list at commas, a duration when the variable counts hours or seconds.
// Whether that is allowed is the setting's to say.
Value EnvironmentValue(const Setting& setting, const std::string& text);

}  // namespace ratchet::settings
