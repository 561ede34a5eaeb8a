#pragma once
// The machine's clock and its source of secrets.

#include <string>

#include "ports/clock.h"

namespace ratchet {

class SystemClock : public Clock {
 public:
  [[nodiscard]] Instant Now() const override;
};

// `bytes` random bytes from the kernel, in hexadecimal.
std::string RandomSecret(size_t bytes);

}  // namespace ratchet
