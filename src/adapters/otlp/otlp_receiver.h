#pragma once
// OTLP/HTTP requests to telemetry: body → decoded messages → batch → store.
//
// Thread-safe. Knows no sockets: the HTTP server hands requests in.

#include <map>
#include <mutex>
#include <string>

#include "adapters/otlp/answers.h"
#include "core/intake/translation.h"
#include "ports/clock.h"
#include "ports/telemetry_sink.h"

namespace ratchet::otlp {

struct OtlpConfig : intake::TranslationConfig {
  size_t body_bytes_max = 16U << 20;
  size_t inflated_bytes_max = 64U << 20;
};

class OtlpReceiver {
 public:
  OtlpReceiver(const OtlpConfig& config, const Clock& clock, TelemetrySink& sink)
      : config_(config),
        clock_(clock),
        sink_(sink),
        translation_(static_cast<const intake::TranslationConfig&>(config), clock.Now()) {}

  // `path` is "/v1/metrics", "/v1/traces" or "/v1/logs".
  OtlpAnswer Receive(const std::string& path, const std::string& content_type,
                     const std::string& content_encoding, std::string_view body);

  // How many records were dropped since the start, by reason: "invalid",
  // "exceptions", or the limit of the store.
  [[nodiscard]] std::map<std::string, std::uint64_t> Dropped() const;

 private:
  // Points `body` at what is inside a compressed one, which `inflated` then
  // holds.
  Status Unpack(const std::string& content_encoding, std::string_view& body,
                std::string& inflated) const;
  OtlpAnswer Store(const Encoding& encoding, Signal signal, intake::Decoded decoded);
  void CountDropped(const intake::Rejections& rejected, const WriteReport& report);

  OtlpConfig config_;
  const Clock& clock_;
  TelemetrySink& sink_;
  std::mutex mutex_;
  intake::Translation translation_;
  mutable std::mutex dropped_mutex_;
  std::map<std::string, std::uint64_t> dropped_;
};

}  // namespace ratchet::otlp
