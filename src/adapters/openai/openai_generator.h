#pragma once
// Any server that speaks OpenAI's /v1/chat/completions: OpenAI, vLLM, Ollama, llama.cpp.

#include <functional>
#include <mutex>
#include <optional>

#include "ports/clock.h"
#include "ports/code_generator.h"
#include "ports/http_client.h"

namespace ratchet {

struct OpenAiConfig {
  std::string base_url;  // "https://api.openai.com/v1"
  std::string model;
  std::string api_key;                         // "" for servers that want none
  std::string token_parameter = "max_tokens";  // OpenAI itself: "max_completion_tokens"
  std::optional<double> temperature = 0.1;
  Duration timeout{60'000};
  int retries = 3;  // waits 2^attempt seconds before each
  double usd_per_million_in = 0, usd_per_million_out = 0;
};

class OpenAiGenerator : public CodeGenerator {
 public:
  // `sleep` waits; tests hand in one that does not.
  OpenAiGenerator(OpenAiConfig config, HttpClient& http, const Clock& clock,
                  std::function<void(Duration)> sleep)
      : config_(std::move(config)), http_(http), clock_(clock), sleep_(std::move(sleep)) {}

  [[nodiscard]] std::string name() const override { return "openai:" + config_.model; }
  Result<ModelReply> Complete(const ModelRequest& request) override;
  [[nodiscard]] double CostBound(std::uint64_t prompt_tokens, int max_tokens) const override;

 private:
  static constexpr int kFailuresToOpen = 3;
  static constexpr Duration kOpenFor{60'000};

  enum class Retry { kNo, kYes };
  struct Attempt {
    Result<ModelReply> reply;
    Retry retry = Retry::kNo;
    Duration wait{0};
  };
  Attempt Try(const ModelRequest& request);
  void CountFailure();
  Result<ModelReply> Read(const std::string& body, const ModelRequest& request) const;
  [[nodiscard]] double Cost(std::uint64_t in, std::uint64_t out) const;

  OpenAiConfig config_;
  HttpClient& http_;
  const Clock& clock_;
  std::function<void(Duration)> sleep_;
  std::mutex mutex_;
  int failures_ = 0;
  Instant open_until_;
};

}  // namespace ratchet
