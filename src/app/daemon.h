#pragma once
// `ratchet run`: opens everything, wires it, and serves until it is told to stop.

#include "app/config.h"

namespace ratchet {

// Returns after SIGTERM or SIGINT. Errors name what could not be opened, or why the engine stopped.
Status RunDaemon(const AppConfig& config);

}  // namespace ratchet
