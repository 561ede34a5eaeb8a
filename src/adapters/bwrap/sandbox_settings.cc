#include "adapters/bwrap/sandbox_settings.h"

namespace ratchet {

void DeclareSettings(settings::Schema& schema, SandboxLimits& limits) {
  constexpr std::int64_t kMegabyte = 1 << 20;
  schema.Integer("sandbox.memory_mb", limits.memory_bytes, {64, 1'000'000}, "A process.",
                 kMegabyte);
  schema.Integer("sandbox.disk_mb", limits.disk_bytes, {16, 100'000},
                 "Each of the copy of the component and the temporary folder.", kMegabyte);
  schema.Integer("sandbox.processes", limits.processes, {4, 10'000}, "At one time.");
}

}  // namespace ratchet
