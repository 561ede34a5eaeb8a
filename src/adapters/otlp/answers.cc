#include "adapters/otlp/answers.h"

#include <fmt/format.h>

#include "core/base/text.h"

namespace ratchet::otlp {
namespace {

// https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
int RpcCode(int http_status) {
  constexpr int kInvalidArgument = 3, kNotFound = 5, kResourceExhausted = 8, kUnavailable = 14;
  switch (http_status) {
    case 404:
      return kNotFound;
    case 413:
    case 429:
      return kResourceExhausted;
    case 503:
      return kUnavailable;
    default:
      return kInvalidArgument;
  }
}

}  // namespace

OtlpAnswer Refuse(const Encoding& encoding, int status, std::string_view message) {
  constexpr int kRetryAfterS = 10;  // housekeeping looks for space every second
  constexpr size_t kMessageBytes = 500;
  return {.status = status,
          .body = encoding.error(RpcCode(status), Shorten(message, kMessageBytes)),
          .content_type = std::string(encoding.media_type),
          .retry_after_s = status == 503 || status == 429 ? kRetryAfterS : 0};
}

OtlpAnswer Accepted(const Encoding& encoding, Signal signal, const intake::Rejections& rejected) {
  OtlpAnswer answer{.content_type = std::string(encoding.media_type)};
  if (rejected.records == 0 && rejected.events == 0) {
    answer.body = encoding.success(signal, nullptr);
    return answer;
  }
  PartialSuccess partial{.rejected = rejected.records, .message = rejected.first_reason};
  if (rejected.events > 0) {
    partial.message +=
        fmt::format("{}{} exceptions beyond {} in a span were dropped",
                    partial.message.empty() ? "" : "; ", rejected.events, kExceptionsMax);
  }
  answer.body = encoding.success(signal, &partial);
  return answer;
}

}  // namespace ratchet::otlp
