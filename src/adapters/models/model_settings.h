#pragma once
// [generation.NAME]: what is declared of one provider's model, the same for every provider.

#include "adapters/models/provider_kind.h"
#include "core/settings/schema.h"

namespace ratchet::models {

// As they are written; ConfigOf() says what follows from them.
struct ModelSettings {
  ModelConfig config;
  std::string key_variable;  // of the environment
  double temperature = 0.1;
  bool send_temperature = true;
  std::optional<double> usd_per_million_in, usd_per_million_out;
};

void DeclareSettings(settings::Schema& schema, const ProviderKind& kind, ModelSettings& model);

// An unknown price counts as the dearest known one; a model on this machine costs no money.
ModelConfig ConfigOf(const ModelSettings& model);

}  // namespace ratchet::models
