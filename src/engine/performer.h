#pragma once
// Does what an effect asks for, through the ports, and says what came of it.
//
// Every effect is a reconciliation and may be performed twice. Thread-safe: jobs run concurrently.

#include <optional>

#include "engine/config.h"
#include "engine/effects.h"
#include "ports/change_validator.h"
#include "ports/clock.h"
#include "ports/deployer.h"
#include "ports/notifier.h"
#include "ports/report_sink.h"
#include "ports/source_tree.h"
#include "ports/telemetry_store.h"

namespace ratchet {

class Performer {
 public:
  struct Ports {
    const Clock& clock;
    TelemetryStore& telemetry;
    ChangeAuthor& author;
    ChangeValidator& validator;
    SourceTree& tree;
    Deployer& deployer;
    Notifier& notifier;
    ReportSink& reports;
  };
  Performer(const EngineConfig& config, Ports ports) : config_(config), ports_(ports) {}

  [[nodiscard]] Answer Perform(const EffectJob& job);
  // The answer when an effect could not be performed at all.
  [[nodiscard]] static Answer FailureOf(cycle::EffectKind kind, const std::string& reason);

 private:
  [[nodiscard]] Result<ComponentConfig> ConfigOf(const ComponentId& id) const;
  Result<ComponentTree> ReadTree(const ComponentId& id);
  [[nodiscard]] Result<DeploymentPlan> PlanOf(const EffectJob& job) const;
  Status Rehearse(const ComponentId& id);
  Status Publish(const EffectJob& job);
  Result<AnalysisFound> Analyse(const EffectJob& job);
  Result<std::vector<CallShape>> Shapes(TelemetryQuery query,
                                        const analysis::AnalysisWindows& windows);
  Answer Generate(const EffectJob& job);
  cycle::ImprovementEvent Validate(const EffectJob& job);
  cycle::ImprovementEvent MeasureBaseline(const EffectJob& job);
  Answer Deploy(const EffectJob& job);
  cycle::ImprovementEvent Look(const EffectJob& job);
  cycle::TreeChangedByOthers ChangedByOthers(const EffectJob& job, const std::string& seen);
  cycle::ImprovementEvent RollBack(const EffectJob& job);

  struct Measured {
    ServiceMetrics operation, component;
    std::map<std::string, ServiceMetrics> others;  // the busiest of the other operations
    LatencySources sources;
    Moments log_p95;  // see Baseline
    Instant first;    // of the points there are
  };
  // Without `sources` they are decided on the window itself.
  Result<Measured> Measure(const Opportunity& opportunity, Window window,
                           const std::optional<LatencySources>& sources = std::nullopt);
  // The end of the last full bucket whose telemetry has arrived.
  [[nodiscard]] Instant Settled() const;

  const EngineConfig& config_;
  Ports ports_;
};

}  // namespace ratchet
