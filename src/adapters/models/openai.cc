// Any server that speaks OpenAI's /v1/chat/completions: OpenAI, vLLM, Ollama, llama.cpp.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "adapters/models/provider_list.h"

namespace ratchet::models {
namespace {

using Json = nlohmann::json;

HttpRequest Request(const ModelConfig& config, const ModelPrompt& prompt) {
  Json body = {{"model", config.model},
               {"messages",
                {{{"role", "system"}, {"content", prompt.system}},
                 {{"role", "user"}, {"content", prompt.user}}}},
               {config.token_parameter, prompt.max_tokens},
               {"stream", false}};
  if (config.temperature) body["temperature"] = *config.temperature;
  HttpRequest request{.method = "POST",
                      .url = config.base_url + "/chat/completions",
                      .headers = {{"Content-Type", "application/json"}},
                      .body = body.dump(-1, ' ', false, Json::error_handler_t::replace)};
  if (!config.api_key.empty()) request.headers["Authorization"] = "Bearer " + config.api_key;
  return request;
}

Result<ProviderReply> Read(const std::string& body, const ModelPrompt&) {
  try {
    const Json json = Json::parse(body);
    const Json& choice = json.at("choices").at(0);
    ProviderReply reply;
    const Json& content = choice.at("message").at("content");
    if (content.is_string()) reply.text = content.get<std::string>();
    if (choice.contains("finish_reason") && choice["finish_reason"].is_string())
      reply.stop_reason = choice["finish_reason"].get<std::string>();
    const Json usage = json.value("usage", Json::object());
    reply.tokens_in = usage.value("prompt_tokens", std::uint64_t{0});
    reply.tokens_out = usage.value("completion_tokens", std::uint64_t{0});
    return reply;
  } catch (const Json::exception& e) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("the answer is no chat completion: {}", e.what()));
  }
}

}  // namespace

const ProviderKind kOpenAi{"openai", "OPENAI_API_KEY", Request, Read};

}  // namespace ratchet::models
