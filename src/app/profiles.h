#pragma once
// Profiles: several settings at once, outranked by whatever is said of one of them.

#include <string>
#include <utility>
#include <vector>

#include "core/settings/value.h"

namespace ratchet {

std::vector<std::pair<std::string_view, std::string>> ProfileChoices();
// By path; empty when there is no such profile.
settings::Value::Table ProfileNamed(const std::string& name);

}  // namespace ratchet
