#pragma once
// The providers that generation.order may name.

#include <array>

#include "adapters/models/provider_kind.h"

namespace ratchet::models {

extern const ProviderKind kOpenAi;

inline constexpr std::array<const ProviderKind*, 1> kAllProviders = {&kOpenAi};

}  // namespace ratchet::models
