#pragma once
// OTLP in JSON (lowerCamelCase names, 64-bit integers as text or numbers, ids
// in hexadecimal).

#include "adapters/otlp/encoding.h"

namespace ratchet::otlp {

inline constexpr size_t kValuesMax = 8'000'000;  // of JSON: they take memory before any is read

extern const Encoding kJson;

}  // namespace ratchet::otlp
