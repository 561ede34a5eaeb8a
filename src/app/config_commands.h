#pragma once
// `config check` and `config document`.

#include <string>

#include "app/config.h"

namespace ratchet {

// What each setting holds and where that comes from, then what it allows and hardly anybody wants.
std::string ConfigChecked(const AppConfig& config);
std::string ConfigCheckedJson(const AppConfig& config);
// {"mistakes": [...]}, one a line of the error.
std::string ConfigRefusedJson(const Error& error);

}  // namespace ratchet
