#include "adapters/openai/openai_generator.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "core/base/text.h"

namespace ratchet {
namespace {

using Json = nlohmann::json;

std::uint64_t EstimatedTokens(const ModelRequest& request) {
  return (request.system.size() + request.user.size()) / 3 + 1;
}

// A server that keeps less context than the prompt needs may cut it silently; it then reports far
// fewer prompt tokens than any tokenizer makes of the text.
bool PromptWasCut(std::uint64_t reported, const ModelRequest& request) {
  constexpr std::uint64_t kBytesATokenMost = 8;
  return reported > 0 &&
         reported < (request.system.size() + request.user.size()) / kBytesATokenMost;
}

}  // namespace

double OpenAiGenerator::Cost(std::uint64_t in, std::uint64_t out) const {
  return (static_cast<double>(in) * config_.usd_per_million_in +
          static_cast<double>(out) * config_.usd_per_million_out) /
         1e6;
}

// An attempt that timed out may have been billed.
double OpenAiGenerator::CostBound(std::uint64_t prompt_tokens, int max_tokens) const {
  return (config_.retries + 1) * Cost(prompt_tokens, static_cast<std::uint64_t>(max_tokens));
}

Result<ModelReply> OpenAiGenerator::Complete(const ModelRequest& request) {
  {
    const std::scoped_lock lock(mutex_);
    if (clock_.Now() < open_until_) {
      return Fail(ErrorCode::kUnavailable,
                  fmt::format("{} failed {} times in a row; it is asked again after {}", name(),
                              kFailuresToOpen, FormatInstant(open_until_)));
    }
  }
  double lost_usd = 0;  // attempts without an answer count as fully billed
  for (int attempt = 0;; ++attempt) {
    Attempt result = Try(request);
    if (result.reply) {
      const std::scoped_lock lock(mutex_);
      failures_ = 0;
      result.reply->cost_usd += lost_usd;
      return std::move(result.reply);
    }
    if (result.reply.error().code == ErrorCode::kTimeout) {
      lost_usd += Cost(EstimatedTokens(request), static_cast<std::uint64_t>(request.max_tokens));
    }
    if (result.retry == Retry::kNo || attempt >= config_.retries) {
      if (result.retry == Retry::kYes) CountFailure();
      return std::move(result.reply);
    }
    constexpr Duration kLongestWait{30'000};
    const Duration backoff{1000LL << (attempt + 1)};
    sleep_(std::min(std::max(result.wait, backoff), kLongestWait));
    if (request.hold && request.hold())
      return std::unexpected(
          result.reply.error().Within("stopped before another try of what failed"));
  }
}

void OpenAiGenerator::CountFailure() {
  const std::scoped_lock lock(mutex_);
  if (++failures_ < kFailuresToOpen) return;
  open_until_ = clock_.Now() + kOpenFor;
  failures_ = 0;
}

OpenAiGenerator::Attempt OpenAiGenerator::Try(const ModelRequest& request) {
  Json body = {{"model", config_.model},
               {"messages",
                {{{"role", "system"}, {"content", request.system}},
                 {{"role", "user"}, {"content", request.user}}}},
               {config_.token_parameter, request.max_tokens},
               {"stream", false}};
  if (config_.temperature) body["temperature"] = *config_.temperature;
  HttpRequest http{.method = "POST",
                   .url = config_.base_url + "/chat/completions",
                   .timeout = config_.timeout,
                   .proxy = Proxy::kOfEnvironment};
  http.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  http.headers["Content-Type"] = "application/json";
  if (!config_.api_key.empty()) http.headers["Authorization"] = "Bearer " + config_.api_key;
  const auto answer = http_.Send(http);
  if (!answer) return {std::unexpected(answer.error().Within(name())), Retry::kYes};
  if (answer->status == 200) return {Read(answer->body, request)};

  Attempt failed{
      Fail(ErrorCode::kUnavailable, fmt::format("{} answered {}: {}", name(), answer->status,
                                                Shorten(ToValidUtf8(answer->body), 300)))};
  const bool spend_limit = answer->body.find("insufficient_quota") != std::string::npos ||
                           answer->body.find("spend_limit") != std::string::npos;
  if (spend_limit) {
    failed.reply.error().code = ErrorCode::kResourceExhausted;
  } else if (answer->status == 408 || answer->status == 409 || answer->status == 429 ||
             answer->status >= 500) {
    failed.retry = Retry::kYes;
    const auto after = answer->headers.find("retry-after");
    int seconds = 0;
    if (after != answer->headers.end())
      std::from_chars(after->second.data(), after->second.data() + after->second.size(), seconds);
    failed.wait = Duration(1000LL * seconds);
  } else {
    failed.reply.error().code = answer->status == 401 || answer->status == 403
                                    ? ErrorCode::kPermissionDenied
                                    : ErrorCode::kInvalidArgument;
  }
  return failed;
}

Result<ModelReply> OpenAiGenerator::Read(const std::string& body,
                                         const ModelRequest& request) const {
  try {
    const Json json = Json::parse(body);
    const Json& choice = json.at("choices").at(0);
    ModelReply reply;
    const Json& content = choice.at("message").at("content");
    if (content.is_string()) reply.text = content.get<std::string>();
    if (choice.contains("finish_reason") && choice["finish_reason"].is_string())
      reply.stop_reason = choice["finish_reason"].get<std::string>();
    const Json usage = json.value("usage", Json::object());
    reply.tokens_in = usage.value("prompt_tokens", std::uint64_t{0});
    reply.tokens_out = usage.value("completion_tokens", std::uint64_t{0});
    // An unknown use counts as the most it can be.
    if (reply.tokens_in == 0) reply.tokens_in = EstimatedTokens(request);
    if (reply.tokens_out == 0) reply.tokens_out = reply.text.size() / 3 + 1;
    reply.cost_usd = Cost(reply.tokens_in, reply.tokens_out);
    if (PromptWasCut(usage.value("prompt_tokens", std::uint64_t{0}), request)) {
      return Fail(
          ErrorCode::kInvalidArgument,
          fmt::format("{} read {} tokens of a prompt of {} bytes: its context is too small", name(),
                      reply.tokens_in, request.system.size() + request.user.size()));
    }
    return reply;
  } catch (const Json::exception& e) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: the answer is no chat completion: {}", name(), e.what()));
  }
}

}  // namespace ratchet
