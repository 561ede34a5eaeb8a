#pragma once

#include "core/model/component.h"
#include "core/settings/schema.h"

namespace ratchet {

extern const std::vector<std::pair<std::string_view, Autonomy>> kAutonomies;

// Of one [[component]]. Complete() follows, when all of it is read.
void DeclareSettings(settings::Schema& schema, ComponentConfig& component);

// What follows from the settings: the files a change may touch, and the way to reload.
void Complete(ComponentConfig& component);

}  // namespace ratchet
