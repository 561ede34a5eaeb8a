#pragma once
// Records as a source reports them to telemetry of ours: keys are assigned,
// cumulative points become differences, buckets summaries, spans latencies and
// calls, exceptions error records.
//
// Knows both generations of OpenTelemetry's semantic conventions. Not
// thread-safe: of two cumulative points the earlier one must be translated, and
// kept or undone, first.

#include <string>
#include <vector>

#include "core/intake/cumulative.h"
#include "core/intake/records.h"
#include "core/model/telemetry.h"

namespace ratchet::intake {

struct TranslationConfig {
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
};

class Translation {
 public:
  Translation(TranslationConfig config, Instant listening_since)
      : config_(std::move(config)), cumulative_(200'000, listening_since) {}

  // `now` is the time of logs that name none.
  TelemetryBatch Translate(const std::vector<Resource>& resources, Instant now);
  // What was translated since the last of both calls was stored; or was refused
  // and comes again.
  void Keep() { cumulative_.Keep(); }
  void Undo() { cumulative_.Undo(); }

 private:
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
  void AddLog(const Log& log, const Attributes& resource, Instant now, TelemetryBatch& batch) const;

  TranslationConfig config_;
  CumulativeState cumulative_;
};

}  // namespace ratchet::intake
