#pragma once

#include "adapters/otlp/otlp_receiver.h"
#include "core/settings/schema.h"

namespace ratchet::otlp {

void DeclareSettings(settings::Schema& schema, OtlpConfig& config);

}  // namespace ratchet::otlp
