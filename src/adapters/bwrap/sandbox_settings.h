#pragma once

#include "core/settings/schema.h"
#include "ports/sandbox.h"

namespace ratchet {

void DeclareSettings(settings::Schema& schema, SandboxLimits& limits);

}  // namespace ratchet
