#pragma once

#include "adapters/openai/openai_generator.h"
#include "core/settings/schema.h"

namespace ratchet {

// As they are written; ConfigOf() says what follows from them.
struct OpenAiSettings {
  OpenAiConfig config;
  std::string key_variable = "OPENAI_API_KEY";
  double temperature = 0.1;
  bool send_temperature = true;
  std::optional<double> usd_per_million_in, usd_per_million_out;
};

void DeclareSettings(settings::Schema& schema, OpenAiSettings& openai);

// An unknown price counts as the dearest known one; a model on this machine costs no money.
OpenAiConfig ConfigOf(const OpenAiSettings& openai);

}  // namespace ratchet
