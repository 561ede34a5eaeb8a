#pragma once
// The languages that components may be written in; the first is meant where none is named.

#include <vector>

#include "ports/language_support.h"

namespace ratchet {

const std::vector<const LanguageSupport*>& BuiltInLanguages();

}  // namespace ratchet
