#pragma once
// What the engine's effects read from telemetry: the analysis of a cycle, the baseline of a
// component before a change, and one look at it afterwards.
//
// Times end where telemetry has settled: what is younger may still arrive. Thread-safe: it holds no
// state of its own.

#include <map>
#include <optional>
#include <vector>

#include "core/analysis/history.h"
#include "core/model/improvement.h"
#include "engine/config.h"
#include "engine/effects.h"
#include "ports/clock.h"
#include "ports/incident_store.h"
#include "ports/series_reader.h"

namespace ratchet {

// Whose requests are measured.
struct Watched {
  ComponentId component;
  TenantId tenant;
  Reach reach = Reach::kTenant;
  std::string operation;
};

class TelemetryReading {
 public:
  TelemetryReading(const EngineConfig& config, const Clock& clock, SeriesReader& series,
                   IncidentStore& incidents)
      : config_(config), clock_(clock), series_(series), incidents_(incidents) {}

  // Insights and opportunities of the cycle's window. `changed_at` says since when each component
  // is what it is now: older telemetry of it is not compared.
  Result<AnalysisFound> Analyse(const Cycle& cycle, std::map<ComponentId, Instant> changed_at);

  // Of the component as it has been since `changed_at`. Without settled telemetry the baseline is
  // empty: its window ends where it begins, or it counts no requests.
  Result<Baseline> MeasureBaseline(const Watched& of, Instant changed_at);

  // From the end of the look before, else the first full bucket after the deployment, to what has
  // settled. Nothing is settled yet when it does not end after it begins.
  [[nodiscard]] Window NextLook(Instant deployed_at, std::optional<Instant> looked_until) const;
  // Fills in what telemetry says of `look.window`.
  Status MeasureLook(const Watched& of, const Baseline& baseline, Look& look);

 private:
  struct Measured {
    ServiceMetrics operation, component;
    std::map<std::string, ServiceMetrics> others;  // the busiest of the other operations
    LatencySources sources;
    Instant first;  // of the points there are
  };
  // Without `known` the sources are decided on the window itself.
  Result<Measured> Measure(const Watched& of, Window window,
                           const std::optional<LatencySources>& known = std::nullopt);
  Result<Moments> LogP95(const Watched& of, Window window, const LatencySources& sources);
  Result<std::vector<CallShape>> Shapes(IncidentSelector selector,
                                        const analysis::AnalysisWindows& windows);
  // The end of the last full bucket whose telemetry has arrived.
  [[nodiscard]] Instant Settled() const;

  const EngineConfig& config_;
  const Clock& clock_;
  SeriesReader& series_;
  IncidentStore& incidents_;
};

}  // namespace ratchet
