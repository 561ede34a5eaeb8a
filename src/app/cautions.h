#pragma once
// What a configuration allows and hardly anybody wants: said by `config check` and at the start.

#include <string>
#include <vector>

#include "app/config.h"

namespace ratchet {

// One sentence each, with the place it is about.
std::vector<std::string> Cautions(const AppConfig& config);

}  // namespace ratchet
