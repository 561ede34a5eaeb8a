#pragma once

#include "adapters/sqlite/sqlite_telemetry_store.h"
#include "core/settings/schema.h"

namespace ratchet {

void DeclareSettings(settings::Schema& schema, TelemetryLimits& limits);

}  // namespace ratchet
