#pragma once
// Space that is set aside while there is plenty, so that control goes on when the disk is full:
// watching and rolling back must still be written down.
//
// The state store gives the reserve free when its disk is full; from then on the telemetry store
// refuses what comes in, until the reserve could be set aside again. Thread-safe.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "core/base/result.h"

namespace ratchet {

class DiskReserve {
 public:
  static constexpr std::int64_t kBytes = 16 << 20;  // some thousand transactions

  explicit DiskReserve(std::string file, std::int64_t bytes = kBytes)
      : file_(std::move(file)), bytes_(bytes) {}

  // Sets the space aside, if it is not. kResourceExhausted when less than twice as much is free:
  // trying must not take the last blocks from who needs them.
  Status Hold();
  void Release();
  [[nodiscard]] bool held() const { return held_; }

 private:
  std::string file_;
  std::int64_t bytes_;
  std::mutex mutex_;  // of the file
  std::atomic<bool> held_ = false;
};

}  // namespace ratchet
