#pragma once
// OTLP/HTTP requests to telemetry: body → decoded messages → batch → store.
//
// Thread-safe. Knows no sockets: the HTTP server hands requests in.

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "adapters/otlp/answers.h"
#include "adapters/otlp/metric_points.h"
#include "ports/clock.h"
#include "ports/telemetry_sink.h"

namespace ratchet::otlp {

struct OtlpConfig {
  std::string tenant_attribute = "tenant_id";
  std::string default_tenant = "default";
  // Histograms that are request latencies, with their unit when the metric names none.
  std::vector<std::string> latency_metrics = {"http.server.request.duration",
                                              "http.server.duration",
                                              "request_latency",
                                              "RequestLatency",
                                              "ResponseLatency",
                                              "request.duration",
                                              "rpc.server.duration"};
  size_t body_bytes_max = 16U << 20;
  size_t inflated_bytes_max = 64U << 20;
};

class OtlpReceiver {
 public:
  OtlpReceiver(const OtlpConfig& config, const Clock& clock, TelemetrySink& sink)
      : config_(config), clock_(clock), sink_(sink), cumulative_(200'000, clock.Now()) {}

  // `path` is "/v1/metrics", "/v1/traces" or "/v1/logs".
  OtlpAnswer Receive(const std::string& path, const std::string& content_type,
                     const std::string& content_encoding, std::string_view body);

  // The batch that a decoded message stands for.
  TelemetryBatch Translate(const std::vector<Resource>& resources);

  // How many records were dropped since the start, by reason: "invalid", "exceptions", or the
  // limit of the store.
  [[nodiscard]] std::map<std::string, std::uint64_t> Dropped() const;

 private:
  // The body as JSON text; `inflated` holds it when it came compressed. Else the refusal.
  std::optional<OtlpAnswer> Unpack(const std::string& content_type,
                                   const std::string& content_encoding, std::string_view& body,
                                   std::string& inflated) const;
  OtlpAnswer Store(Signal signal, Decoded decoded);
  void CountDropped(const Rejections& rejected, const WriteReport& report);

  struct Keys {
    TenantId tenant;
    ComponentId component;
    std::string operation, version;
    bool operation_known = false;
  };
  [[nodiscard]] Keys KeysOf(const Attributes& own, const Attributes& resource,
                            const std::string& name) const;
  void AddMetric(const Metric& metric, const Attributes& resource, TelemetryBatch& batch);
  void AddSpan(const Span& span, const Attributes& resource, TelemetryBatch& batch) const;
  void AddLog(const Log& log, const Attributes& resource, TelemetryBatch& batch) const;

  OtlpConfig config_;
  const Clock& clock_;
  TelemetrySink& sink_;
  std::mutex mutex_;
  CumulativeState cumulative_;
  mutable std::mutex dropped_mutex_;
  std::map<std::string, std::uint64_t> dropped_;
};

}  // namespace ratchet::otlp
