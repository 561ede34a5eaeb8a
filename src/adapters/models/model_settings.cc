#include "adapters/models/model_settings.h"

namespace ratchet::models {

using namespace std::chrono_literals;

void DeclareSettings(settings::Schema& schema, const ProviderKind& kind, ModelSettings& model) {
  const std::string unknown = "the dearest known, nothing on the loopback";
  const auto path = [&](const char* name) {
    return std::string("generation.") + kind.name + "." + name;
  };
  ModelConfig& config = model.config;
  schema.Text(path("base_url"), config.base_url,
              "Where it is asked, e.g. `http://127.0.0.1:8080/v1` for a server on this machine.",
              settings::kUrl);
  schema.Text(path("model"), config.model, "The model's name.");
  model.key_variable = kind.api_key_variable;
  schema.SecretIn(path("api_key_env"), model.key_variable, config.api_key,
                  "The environment variable that holds the key.");
  schema.Period(path("timeout"), config.calls.timeout, {1s, 1h}, "Of one call.");
  schema.Integer(path("retries"), config.calls.retries, {0, 10}, "After a passing fault.");
  schema.Number(path("temperature"), model.temperature, {0, 2}, "How freely it answers.");
  schema.Flag(path("send_temperature"), model.send_temperature,
              "Some models refuse to be told one.");
  schema.OneOf(path("token_parameter"), config.token_parameter,
               {{"max_tokens", "max_tokens"}, {"max_completion_tokens", "max_completion_tokens"}},
               "What the server calls the limit of an answer.");
  schema
      .Number(path("usd_per_million_in"), model.usd_per_million_in, {0, 1e6},
              "The price of a million tokens of prompts,")
      .Default(unknown);
  schema.Number(path("usd_per_million_out"), model.usd_per_million_out, {0, 1e6}, "and of answers.")
      .Default(unknown);
}

ModelConfig ConfigOf(const ModelSettings& model) {
  constexpr double kDearestIn = 75, kDearestOut = 150;  // US dollars a million tokens, 2026
  ModelConfig config = model.config;
  const bool local =
      config.base_url.contains("//127.0.0.1") || config.base_url.contains("//localhost");
  config.calls.prices.usd_per_million_in =
      model.usd_per_million_in.value_or(local ? 0 : kDearestIn);
  config.calls.prices.usd_per_million_out =
      model.usd_per_million_out.value_or(local ? 0 : kDearestOut);
  config.temperature = model.send_temperature ? std::optional(model.temperature) : std::nullopt;
  return config;
}

}  // namespace ratchet::models
