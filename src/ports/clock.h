#pragma once
// Where time comes from. Thread-safe.

#include "core/base/time.h"

namespace ratchet {

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant Now() const = 0;  // UTC
};

}  // namespace ratchet
