#pragma once

#include "core/analysis/detectors.h"
#include "core/settings/schema.h"

namespace ratchet::analysis {

void DeclareSettings(settings::Schema& schema, DetectorPolicy& policy);

}  // namespace ratchet::analysis
