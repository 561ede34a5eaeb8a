#pragma once

#include "core/settings/schema.h"
#include "engine/config.h"

namespace ratchet {

// The engine's own, the tenants', and those of what it hands on: policy, limits, detectors.
// Components are read apart: their ids are known only when they are read.
void DeclareSettings(settings::Schema& schema, EngineConfig& engine);

}  // namespace ratchet
