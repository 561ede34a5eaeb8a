#pragma once
// The kill switch, as work on its way sees it.

#include <functional>

namespace ratchet {

// Asked immediately before the next step that costs or changes something; true: do not take it.
using HoldCheck = std::function<bool()>;

}  // namespace ratchet
