#pragma once

#include "core/monitoring/judge.h"
#include "core/settings/schema.h"

namespace ratchet::monitoring {

void DeclareSettings(settings::Schema& schema, JudgePolicy& policy);

}  // namespace ratchet::monitoring
