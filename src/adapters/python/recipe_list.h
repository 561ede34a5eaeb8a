#pragma once
// The recipes for Python, in the order in which they are tried.

#include <array>

#include "ports/language_support.h"

namespace ratchet::python {

extern const Recipe kRememberResults;

inline constexpr std::array<const Recipe*, 1> kAllRecipes = {&kRememberResults};

}  // namespace ratchet::python
