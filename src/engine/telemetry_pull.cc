#include "engine/telemetry_pull.h"

#include "core/intake/point_checks.h"

namespace ratchet {

Result<WriteReport> TelemetryPull::Run() {
  WriteReport report;
  while (true) {
    TRY(const bool more, Step(report));
    if (!more) return report;
  }
}

Result<bool> TelemetryPull::Step(WriteReport& report) {
  const std::string name = ports_.source.name();
  TRY(const std::string cursor, ports_.cursors.CursorOf(name));
  TRY(Pulled pulled, ports_.source.Pull(cursor));
  if (pulled.cursor == cursor) return false;
  intake::Decoded decoded{.resources = std::move(pulled.resources)};
  intake::RejectFaulty(config_.latency_metrics, decoded);
  TelemetryBatch batch = translation_.Translate(decoded.resources, ports_.clock.Now());
  batch.cursor = SourceCursor{.source = name, .cursor = pulled.cursor};
  const auto written = ports_.sink.Write(batch);
  written ? translation_.Keep() : translation_.Undo();
  if (!written) return std::unexpected(written.error().Within("store telemetry of " + name));
  report.accepted += written->accepted;
  for (const auto& [limit, count] : written->dropped_by) report.dropped_by[limit] += count;
  if (report.dropped == 0) report.drop_reason = written->drop_reason;
  report.dropped += written->dropped;
  if (decoded.rejected.records > 0) {
    report.Drop("invalid", decoded.rejected.first_reason);
    report.dropped += decoded.rejected.records - 1;
    report.dropped_by["invalid"] += decoded.rejected.records - 1;
  }
  return true;
}

}  // namespace ratchet
