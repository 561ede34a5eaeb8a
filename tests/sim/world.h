#pragma once
// The outside as the simulation sees it: honest fakes of every port over one small world, with
// seeded faults. The world knows the truth and checks the promises.

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/model/target.h"
#include "engine/engine.h"
#include "engine/performer.h"
#include "tests/sim/memory_series.h"

namespace ratchet::sim {

// The process died inside a port call.
struct ProcessDied {};
// A promise was broken; the text says which and how.
struct PromiseBroken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class SimClock : public Clock {
 public:
  [[nodiscard]] Instant Now() const override { return now; }
  Instant now = FromMillis(1'700'000'040'000);
};

enum class Quality { kGood, kNeutral, kBad, kBroken };

struct SimComponent {
  std::string content;   // of its only file
  bool foreign = false;  // somebody else wrote it
  bool gone = false;     // its folder is away
  Instant foreign_since;
  Instant changed_at;   // when `content` was written
  std::string serving;  // what the running service has loaded
  std::string beside;   // what the rest of the requests get
  double share = 1;     // of the requests that `serving` gets
  struct Served {
    std::string content, beside;
    double share = 1;
  };
  std::map<Instant, Served> history;  // what was served since when
  Wanted last_deed;
};

struct Faults {
  double port_fails = 0.05;
  double port_dies = 0.01;  // the process dies inside the call
};

class World {
 public:
  World(SimClock& the_clock, SeededRandom& the_random) : clock(the_clock), random(the_random) {}

  bool Fails() { return random.Chance(faults.port_fails); }
  void MayDie() {
    if (random.Chance(faults.port_dies)) throw ProcessDied{};
  }
  void Write(SimComponent& component, const std::string& content) const {
    component.content = content;
    component.changed_at = clock.now;
  }
  void Serve(SimComponent& component, double share = 1) const {
    component.serving = component.content;
    component.share = share;
    if (share == 1) component.beside.clear();
    component.history[clock.now] = {component.content, component.beside, share};
  }
  static std::string HashOf(const std::string& content);
  [[nodiscard]] double LatencyOf(const std::string& content) const;
  [[nodiscard]] Quality QualityOf(const std::string& content) const {
    const auto at = qualities.find(content);
    return at == qualities.end() ? Quality::kNeutral : at->second;
  }

  SimClock& clock;
  SeededRandom& random;
  Faults faults;
  std::map<ComponentId, SimComponent> components;
  std::map<std::string, Quality> qualities;                  // of contents that are not neutral
  std::map<std::string, std::string> replaced;               // content → what it was made from
  std::set<std::pair<std::string, std::string>> taken_back;  // from and to: not to be seen again
  std::map<std::string, ImprovementId> owner;  // content → the improvement it belongs to
  std::map<std::string, double> spent;         // by day, US dollars
  std::set<ImprovementId> approved;            // by a person, acknowledged
  std::set<ImprovementId> approved_by_chief;
  std::vector<Alert> alerts;
  std::vector<AuditHead> published;  // with reports
  bool stop_acknowledged = false;
  bool calm = false;  // only who may, asks
  int generated = 0;
};

// What the components' contents would have measured.
class SimSeries : public MemorySeries {
 public:
  explicit SimSeries(World& world);
};

class SimIncidents : public IncidentStore {
 public:
  explicit SimIncidents(World& world) : world_(world) {}
  Result<std::vector<ErrorCluster>> ErrorClusters(const IncidentSelector&) override {
    return std::vector<ErrorCluster>{};
  }
  Result<std::vector<CallShape>> CallShapes(const IncidentSelector& selector) override;
  Result<std::vector<Event>> Events(const IncidentSelector&) override {
    return std::vector<Event>{};
  }
  Result<TelemetryCounts> Counts(const IncidentSelector&) override {
    return TelemetryCounts{.metrics = 1};
  }

 private:
  World& world_;
};

class SimAuthor : public ChangeAuthor {
 public:
  static constexpr double kCost = 0.4;
  static constexpr double kBound = 0.5;
  explicit SimAuthor(World& world) : world_(world) {}
  AuthorAnswer Write(const AuthorRequest& request) override;
  [[nodiscard]] double CostBound() const override { return kBound; }

 private:
  World& world_;
};

class SimValidator : public ChangeValidator {
 public:
  explicit SimValidator(World& world) : world_(world) {}
  Result<ValidationReport> Validate(const ComponentId&, const ComponentTree&, const Change&,
                                    InsightKind) override;

 private:
  World& world_;
};

class SimSourceTree : public SourceTree {
 public:
  explicit SimSourceTree(World& world) : world_(world) {}
  Result<ComponentTree> Read(const ComponentConfig& component) override;

 private:
  World& world_;
};

class SimDeployer : public Deployer {
 public:
  explicit SimDeployer(World& world) : world_(world) {}
  DeployResult Deploy(const DeploymentPlan& plan, const HoldCheck& hold) override;
  DeployResult Promote(const DeploymentPlan& plan) override;
  DeployResult RollBack(const DeploymentPlan& plan) override;
  Status Rehearse(const ComponentConfig& component) override;
  Health CheckHealth(const ComponentConfig& component) override;

 private:
  SimComponent& Find(const DeploymentPlan& plan);
  World& world_;
};

class SimNotifier : public Notifier {
 public:
  explicit SimNotifier(World& world) : world_(world) {}
  Status Send(const Alert& alert) override;

 private:
  World& world_;
};

// Keeps the signed heads that were published: the log must continue each of them for ever.
class SimReports : public ReportSink {
 public:
  explicit SimReports(World& world) : world_(world) {}
  Status Publish(const std::string& name, const std::string& json) override;

 private:
  World& world_;
};

// The component of tenant "a" improves itself, that of "b" asks, and one is shared.
EngineConfig SimConfig();
std::string RootOf(const ComponentId& id);
// How "self-rising" gets its new versions: a tenth, a half, everybody.
std::vector<CanaryStep> RisingShares();

}  // namespace ratchet::sim
