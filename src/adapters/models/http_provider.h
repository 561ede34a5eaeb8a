#pragma once
// Any kind of provider over HTTP: sends its request and tells passing faults from final ones.

#include "adapters/models/provider_kind.h"

namespace ratchet::models {

class HttpProvider : public ModelProvider {
 public:
  HttpProvider(const ProviderKind& kind, ModelConfig config, HttpClient& http)
      : kind_(kind), config_(std::move(config)), http_(http) {}

  [[nodiscard]] std::string name() const override {
    return std::string(kind_.name) + ":" + config_.model;
  }
  ProviderAnswer Ask(const ModelPrompt& prompt, Duration timeout) override;

 private:
  const ProviderKind& kind_;
  ModelConfig config_;
  HttpClient& http_;
};

}  // namespace ratchet::models
