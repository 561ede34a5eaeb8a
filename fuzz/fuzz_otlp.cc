// Any bytes as an OTLP body: decoded, translated, never a crash. The first byte chooses the signal
// and whether the rest is inflated first.

#include <string>

#include "adapters/otlp/gzip.h"
#include "adapters/otlp/otlp_receiver.h"

namespace {

class FixedClock : public ratchet::Clock {
 public:
  [[nodiscard]] ratchet::Instant Now() const override {
    return ratchet::FromMillis(1'700'000'000'000);
  }
};

class NoStore : public ratchet::TelemetrySink {
 public:
  ratchet::Result<ratchet::WriteReport> Write(const ratchet::TelemetryBatch&) override {
    return ratchet::WriteReport{};
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  static const FixedClock clock;
  static NoStore store;
  if (size == 0) return 0;
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  static const char* const kPaths[] = {"/v1/metrics", "/v1/traces", "/v1/logs"};
  ratchet::otlp::OtlpConfig config;
  config.inflated_bytes_max = 1U << 20;
  ratchet::otlp::OtlpReceiver receiver(config, clock, store);
  receiver.Receive(kPaths[data[0] % 3], "application/json", (data[0] & 0x80) != 0 ? "gzip" : "",
                   body);
  return 0;
}
