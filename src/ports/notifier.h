#pragma once
// Tells people. Thread-safe.

#include "core/model/improvement.h"

namespace ratchet {

class Notifier {
 public:
  virtual ~Notifier() = default;
  virtual Status Send(const Alert& alert) = 0;
};

}  // namespace ratchet
