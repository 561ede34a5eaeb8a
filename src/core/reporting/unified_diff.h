#pragma once
// A change as people read it.

#include <string>

#include "core/model/change.h"

namespace ratchet::reporting {

// The unified diff of one file, with three lines around what changed; "" when nothing did.
std::string UnifiedDiff(const FileChange& file);

}  // namespace ratchet::reporting
