#include "adapters/openai/openai_settings.h"

namespace ratchet {

using namespace std::chrono_literals;

void DeclareSettings(settings::Schema& schema, OpenAiSettings& openai) {
  const std::string unknown = "the dearest known, nothing on the loopback";
  OpenAiConfig& config = openai.config;
  schema.Text("generation.openai.base_url", config.base_url,
              "Any server with `/chat/completions`, e.g. `http://127.0.0.1:8080/v1`.",
              settings::kUrl);
  schema.Text("generation.openai.model", config.model, "The model's name.");
  schema.SecretIn("generation.openai.api_key_env", openai.key_variable, config.api_key,
                  "The environment variable that holds the key.");
  schema.Period("generation.openai.timeout", config.timeout, {1s, 1h}, "Of one call.");
  schema.Integer("generation.openai.retries", config.retries, {0, 10}, "After a passing fault.");
  schema.Number("generation.openai.temperature", openai.temperature, {0, 2},
                "How freely it answers.");
  schema.Flag("generation.openai.send_temperature", openai.send_temperature,
              "Some models refuse to be told one.");
  schema.OneOf("generation.openai.token_parameter", config.token_parameter,
               {{"max_tokens", "max_tokens"}, {"max_completion_tokens", "max_completion_tokens"}},
               "What the server calls the limit of an answer.");
  schema
      .Number("generation.openai.usd_per_million_in", openai.usd_per_million_in, {0, 1e6},
              "The price of a million tokens of prompts,")
      .Default(unknown);
  schema
      .Number("generation.openai.usd_per_million_out", openai.usd_per_million_out, {0, 1e6},
              "and of answers.")
      .Default(unknown);
}

OpenAiConfig ConfigOf(const OpenAiSettings& openai) {
  constexpr double kDearestIn = 75, kDearestOut = 150;  // US dollars a million tokens, 2026
  OpenAiConfig config = openai.config;
  const bool local =
      config.base_url.contains("//127.0.0.1") || config.base_url.contains("//localhost");
  config.usd_per_million_in = openai.usd_per_million_in.value_or(local ? 0 : kDearestIn);
  config.usd_per_million_out = openai.usd_per_million_out.value_or(local ? 0 : kDearestOut);
  config.temperature = openai.send_temperature ? std::optional(openai.temperature) : std::nullopt;
  return config;
}

}  // namespace ratchet
