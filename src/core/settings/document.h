#pragma once

#include <string>

#include "core/settings/schema.h"

namespace ratchet::settings {

// Every setting in Markdown tables, one for each table of the file, in the order of declaration.
std::string Document(const Schema& schema);

}  // namespace ratchet::settings
