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

std::string JsonText(std::string_view text) {
  std::string out = "\"";
  for (const char c : ToValidUtf8(text)) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 32) out += c;
  }
  return out + "\"";
}

}  // namespace

OtlpAnswer Refuse(int status, std::string_view message) {
  constexpr int kRetryAfterS = 10;  // housekeeping looks for space every second
  constexpr size_t kMessageBytes = 500;
  return {.status = status,
          .body = fmt::format("{{\"code\":{},\"message\":{}}}", RpcCode(status),
                              JsonText(Shorten(message, kMessageBytes))),
          .retry_after_s = status == 503 || status == 429 ? kRetryAfterS : 0};
}

OtlpAnswer Accepted(Signal signal, const Rejections& rejected) {
  if (rejected.records == 0 && rejected.events == 0) return {.body = "{}"};
  const char* name = signal == Signal::kMetrics  ? "rejectedDataPoints"
                     : signal == Signal::kTraces ? "rejectedSpans"
                                                 : "rejectedLogRecords";
  std::string message = rejected.first_reason;
  if (rejected.events > 0) {
    message += fmt::format("{}{} exceptions beyond {} in a span were dropped",
                           message.empty() ? "" : "; ", rejected.events, kExceptionsMax);
  }
  return {.body = fmt::format("{{\"partialSuccess\":{{\"{}\":\"{}\",\"errorMessage\":{}}}}}", name,
                              rejected.records, JsonText(message))};
}

bool IsJson(std::string_view content_type) {
  const std::string lower = Lowercase(content_type);
  const auto parts = Split(lower, ';');
  if (Trim(parts.front()) != "application/json") return false;
  for (size_t i = 1; i < parts.size(); ++i) {
    const std::string_view parameter = Trim(parts[i]);
    if (parameter.starts_with("charset=") && parameter != "charset=utf-8" &&
        parameter != "charset=\"utf-8\"")
      return false;
  }
  return true;
}

}  // namespace ratchet::otlp
