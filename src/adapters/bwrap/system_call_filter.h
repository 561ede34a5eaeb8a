#pragma once
// The system calls that no test of a component needs and that reach the kernel's rarer parts.

#include "core/base/result.h"

namespace ratchet {

// A descriptor with the compiled filter, for bubblewrap's --seccomp. The caller closes it.
Result<int> WriteSystemCallFilter();

}  // namespace ratchet
