#pragma once

#include <string>

namespace ratchet {

// docs/configuration.md, the whole page, from the declarations of the settings.
std::string ConfigDocument();

}  // namespace ratchet
