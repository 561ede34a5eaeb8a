#pragma once
// OTLP in JSON (lowerCamelCase names, 64-bit integers as text or numbers, ids in hexadecimal).

#include <string_view>
#include <vector>

#include "adapters/otlp/decoded.h"
#include "core/base/result.h"

namespace ratchet::otlp {

enum class Signal { kMetrics, kTraces, kLogs };

// kInvalidArgument names what is wrong and where. Unknown members are ignored, as OTLP asks.
Result<std::vector<Resource>> DecodeJson(Signal signal, std::string_view body);

}  // namespace ratchet::otlp
