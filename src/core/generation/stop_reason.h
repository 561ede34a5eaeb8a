#pragma once

#include <string_view>

#include "core/model/stop_reason.h"

namespace ratchet::generation {

// What any provider says: "length", "MAX_TOKENS", "FinishReason.SAFETY". A word that is not known
// is an end: what is cut off shows in the text, too.
StopReason ReadStopReason(std::string_view as_said);

}  // namespace ratchet::generation
