#pragma once
// Inflates a gzip body within a limit.

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace ratchet::otlp {

// kInvalidArgument for damaged data, kResourceExhausted when it would grow above `bytes_max`.
Result<std::string> Inflate(std::string_view body, size_t bytes_max);

}  // namespace ratchet::otlp
