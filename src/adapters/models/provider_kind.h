#pragma once
// A kind of provider is how its API is asked and what it answers; both are functions on values.
// Each stands in a file of its own and joins in kAllProviders of provider_list.h.

#include <optional>
#include <string>
#include <string_view>

#include "core/generation/call_policy.h"
#include "ports/http_client.h"
#include "ports/model_provider.h"

namespace ratchet::models {

// [generation.NAME]: one model of one provider.
struct ModelConfig {
  std::string base_url;  // "https://api.openai.com/v1"
  std::string model;
  std::string api_key;                         // "" for servers that want none
  std::string token_parameter = "max_tokens";  // OpenAI itself: "max_completion_tokens"
  std::optional<double> temperature = 0.1;
  generation::CallPolicy calls;
};

struct ProviderKind {
  const char* name = "";              // in generation.order, and of [generation.NAME]
  const char* api_key_variable = "";  // of the environment, unless the configuration names one
  // Without a timeout: the caller's.
  HttpRequest (*request)(const ModelConfig&, const ModelPrompt&) = nullptr;
  // The body of an answer with status 200. Without tokens they count as the most it can be.
  Result<ProviderReply> (*read)(const std::string& body, const ModelPrompt&) = nullptr;
};

}  // namespace ratchet::models
