#pragma once
// Does what an effect asks for, through the ports, and says what came of it.
//
// Every effect is a reconciliation and may be performed twice. Thread-safe: jobs run concurrently.

#include "engine/config.h"
#include "engine/effects.h"
#include "engine/telemetry_reading.h"
#include "ports/change_validator.h"
#include "ports/clock.h"
#include "ports/deployer.h"
#include "ports/notifier.h"
#include "ports/report_sink.h"
#include "ports/source_tree.h"

namespace ratchet {

class Performer {
 public:
  struct Ports {
    const Clock& clock;
    SeriesReader& series;
    IncidentStore& incidents;
    ChangeAuthor& author;
    ChangeValidator& validator;
    SourceTree& tree;
    Deployer& deployer;
    Notifier& notifier;
    ReportSink& reports;
  };
  Performer(const EngineConfig& config, Ports ports)
      : config_(config),
        ports_(ports),
        telemetry_(config, ports.clock, ports.series, ports.incidents) {}

  [[nodiscard]] Answer Perform(const EffectJob& job);
  // The answer when an effect could not be performed at all.
  [[nodiscard]] static Answer FailureOf(cycle::EffectKind kind, const std::string& reason);

 private:
  [[nodiscard]] Result<ComponentConfig> ConfigOf(const ComponentId& id) const;
  Result<ComponentTree> ReadTree(const ComponentId& id);
  Status Rehearse(const ComponentId& id);
  Result<SeenVersion> Inspect(const ComponentId& id,
                              const std::map<ComponentId, SeenVersion>& seen);
  static Instant ChangedAt(const ComponentId& id, const ComponentTree& tree,
                           const std::map<ComponentId, SeenVersion>& seen);
  Status Publish(const EffectJob& job);
  Result<AnalysisFound> Analyse(const EffectJob& job);
  Answer Generate(const EffectJob& job);
  cycle::ImprovementEvent Validate(const EffectJob& job);
  cycle::ImprovementEvent MeasureBaseline(const EffectJob& job);
  Answer Deploy(const EffectJob& job);
  cycle::WatchEvent Promote(const EffectJob& job);
  cycle::WatchEvent Look(const EffectJob& job);
  cycle::TreeChangedByOthers ChangedByOthers(const EffectJob& job, const std::string& seen);
  cycle::WatchEvent RollBack(const EffectJob& job);

  const EngineConfig& config_;
  Ports ports_;
  TelemetryReading telemetry_;
};

}  // namespace ratchet
