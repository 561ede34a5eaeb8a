#include "adapters/clock/system_clock.h"

#include <sys/random.h>

#include "core/base/check.h"
#include "core/base/hash.h"

namespace ratchet {

Instant SystemClock::Now() const {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

std::string RandomSecret(size_t bytes) {
  std::string secret(bytes, '\0');
  CHECK(getrandom(secret.data(), bytes, 0) == static_cast<ssize_t>(bytes),
        "the kernel gives random bytes");
  return HexEncode(secret);
}

}  // namespace ratchet
