#pragma once
// OTLP in JSON (lowerCamelCase names, 64-bit integers as text or numbers, ids in hexadecimal).

#include <string_view>

#include "adapters/otlp/decoded.h"
#include "core/base/result.h"

namespace ratchet::otlp {

enum class Signal { kMetrics, kTraces, kLogs };

// What one request may hold; real exporters send some hundreds of records at a time.
inline constexpr size_t kValuesMax = 8'000'000;  // of JSON: they take memory before any is read
inline constexpr size_t kGroupsMax = 100'000;    // resources, scopes and metrics
inline constexpr size_t kRecordsMax = 500'000;   // spans, log records and data points
inline constexpr size_t kExceptionsMax = 32;     // a span

// A record of the wrong shape is rejected alone. kInvalidArgument for broken JSON or a wrong top
// level, kResourceExhausted for too many objects. Unknown members are ignored, as OTLP asks.
Result<Decoded> DecodeJson(Signal signal, std::string_view body);

}  // namespace ratchet::otlp
