#pragma once
// Inflates a gzip body within a limit: all its members, as RFC 1952 has it.

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace ratchet::otlp {

// kInvalidArgument for damaged data, kResourceExhausted when it would grow above `bytes_max`.
Result<std::string> Inflate(std::string_view body, size_t bytes_max);

}  // namespace ratchet::otlp
