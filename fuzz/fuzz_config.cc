// Any bytes as ratchet.toml: read, or refused with a message.

#include <cstdlib>

#include "app/config.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  const auto config =
      ratchet::ParseConfig({reinterpret_cast<const char*>(data), size}, "ratchet.toml", "/tmp", {});
  if (!config && config.error().message.empty()) std::abort();
  return 0;
}
