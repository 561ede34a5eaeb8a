#pragma once
// What concerns several settings together, or the machine: checked once, when all is read,
// whatever the values came from. What could never happen is a mistake, not a wait.

#include "app/app_settings.h"
#include "core/settings/mistakes.h"

namespace ratchet {

// Paths in `all` are absolute. The roots become canonical.
void CheckTogether(AppSettings& all, settings::Mistakes& mistakes);

}  // namespace ratchet
