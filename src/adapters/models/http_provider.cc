#include "adapters/models/http_provider.h"

#include <fmt/format.h>

#include <charconv>

#include "core/base/text.h"

namespace ratchet::models {
namespace {

// Without an answer it is not known how far the request came; a wrong URL went nowhere.
CallFailure NoAnswer(const Error& error) {
  const bool passing = error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kTimeout;
  return {.error = error,
          .fault = passing ? CallFault::kPassing : CallFault::kFinal,
          .billed = error.code == ErrorCode::kInvalidArgument ? Billed::kNo : Billed::kPerhaps};
}

Duration RetryAfter(const HttpAnswer& answer) {
  const auto header = answer.headers.find("retry-after");
  int seconds = 0;
  if (header != answer.headers.end()) {
    const std::string& text = header->second;
    std::from_chars(text.data(), text.data() + text.size(), seconds);
  }
  return Duration(1000LL * seconds);
}

ErrorCode CodeOf(const HttpAnswer& answer) {
  const bool spend_limit = answer.body.find("insufficient_quota") != std::string::npos ||
                           answer.body.find("spend_limit") != std::string::npos;
  if (spend_limit) return ErrorCode::kResourceExhausted;
  switch (answer.status) {
    case 401:
    case 403:
      return ErrorCode::kPermissionDenied;
    case 408:
    case 409:
    case 429:
      return ErrorCode::kUnavailable;
    default:
      return answer.status >= 500 ? ErrorCode::kUnavailable : ErrorCode::kInvalidArgument;
  }
}

CallFailure Refused(const HttpAnswer& answer) {
  const ErrorCode code = CodeOf(answer);
  return {.error = {code, fmt::format("answered {}: {}", answer.status,
                                      Shorten(ToValidUtf8(answer.body), 300))},
          .fault = code == ErrorCode::kUnavailable ? CallFault::kPassing : CallFault::kFinal,
          .retry_after = RetryAfter(answer)};
}

// A server that keeps less context than the prompt needs may cut it silently; it then reports far
// fewer prompt tokens than any tokenizer makes of the text.
bool PromptWasCut(const ProviderReply& reply, size_t prompt_bytes) {
  constexpr std::uint64_t kBytesATokenMost = 8;
  return reply.tokens_in > 0 && reply.tokens_in < prompt_bytes / kBytesATokenMost;
}

}  // namespace

ProviderAnswer HttpProvider::Ask(const ModelPrompt& prompt, Duration timeout) {
  HttpRequest request = kind_.request(config_, prompt);
  request.timeout = timeout;
  request.proxy = Proxy::kOfEnvironment;
  const auto answer = http_.Send(request);
  if (!answer) return std::unexpected(NoAnswer(answer.error()));
  if (answer->status != 200) return std::unexpected(Refused(*answer));
  auto reply = kind_.read(answer->body, prompt);
  const size_t prompt_bytes = prompt.system.size() + prompt.user.size();
  if (reply && PromptWasCut(*reply, prompt_bytes)) {
    reply = Fail(ErrorCode::kInvalidArgument,
                 fmt::format("read {} tokens of a prompt of {} bytes: its context is too small",
                             reply->tokens_in, prompt_bytes));
  }
  if (!reply)
    return std::unexpected(CallFailure{.error = reply.error(), .billed = Billed::kPerhaps});
  return std::move(*reply);
}

}  // namespace ratchet::models
