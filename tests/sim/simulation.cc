#include "tests/sim/simulation.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/sqlite/sqlite_state_store.h"
#include "core/model/names.h"
#include "tests/sim/fault_vfs.h"
#include "tests/sim/promises.h"
#include "tests/sim/runner.h"
#include "tests/sim/world.h"

namespace ratchet::sim {
namespace {

const Principal kChief{.name = "chief", .role = Role::kMetaOrchestrator};
const Principal kOperator{.name = "operator", .role = Role::kOperator};
const Principal kOperatorOfA{.name = "operator of a",
                             .role = Role::kOperator,
                             .tenants = TenantFilter::Only({TenantId("a")})};
const Principal kViewer{.name = "viewer", .role = Role::kViewer};

class Life {
 public:
  explicit Life(std::uint64_t seed)
      : random_(seed), disk_(fmt::format("sim-{}", seed), seed + 1), world_(clock_, random_) {
    for (const auto& [id, component] : config_.components) {
      SimComponent& made = world_.components[id];
      // Somebody may have released shortly before.
      const std::string older = "older than " + id.value;
      made.content = "original of " + id.value;
      world_.qualities[older] = random_.Chance(0.5) ? Quality::kBad : Quality::kNeutral;
      made.history[clock_.now - Duration(3 * 86'400'000)] = {older, "", 1};
      made.changed_at = clock_.now - Duration(random_.Below(50 * 60'000));
      made.history[made.changed_at] = {made.content, "", 1};
      made.serving = made.content;
    }
  }

  SimOutcome Run() {
    try {
      StartProcess();
      if (random_.Chance(0.5)) Trigger();  // while that release is young
      while (outcome_.steps < 1500) Step(Weather::kStormy);
      Heal();
    } catch (const PromiseBroken& broken) {
      outcome_.held = false;
      outcome_.broken = broken.what();
    }
    engine_.reset();
    store_.reset();
    return outcome_;
  }

 private:
  enum class Weather { kStormy, kCalm };

  // --- The process ------------------------------------------------------------------------------

  void StartProcess() {
    for (int tries = 0; tries < 20; ++tries) {
      auto opened =
          SqliteStateStore::Open({.path = "state.db", .audit_key = kAuditKey, .vfs = disk_.name()});
      if (!opened)
        Broken("P2: the state cannot be opened after a crash: " + opened.error().message);
      store_ = std::move(*opened);
      runner_ = std::make_unique<SimRunner>(world_, performer_);
      auto engine = Engine::Open(config_, {clock_, *store_, *store_, *runner_});
      if (engine) {
        engine_ = std::move(*engine);
        promises_.Attend(*engine_, *store_);
        CheckAfterRestart();
        return;
      }
      if (!disk_.failed()) Broken("the engine does not start: " + engine.error().message);
      EndProcess();
    }
    Broken("the engine does not start in 20 tries");
  }

  void EndProcess() {
    const bool power = random_.Chance(0.5);
    disk_.FailAfter(0);  // nothing is tidied up on the way out
    engine_.reset();
    runner_.reset();
    store_.reset();
    if (power) {
      disk_.CutPower();
      ++outcome_.power_cuts;
    } else {
      disk_.Crash();
      ++outcome_.crashes;
    }
    disk_.FillUp(false);
  }

  void Restart() {
    EndProcess();
    if (!world_.calm && random_.Chance(0.2)) ChangeConfiguration();
    StartProcess();
  }

  // Somebody edits the configuration while the daemon is down.
  void ChangeConfiguration() {
    auto& components = config_.components;
    const auto at = std::next(components.begin(),
                              static_cast<std::ptrdiff_t>(random_.Below(components.size())));
    switch (random_.Below(5)) {
      case 0:
        if (components.size() > 3) components.erase(at);
        break;
      case 1:
        components = SimConfig().components;
        break;
      case 2: {  // one tenant's component becomes everybody's, or the other way round
        const bool shared = at->second.tenants.size() > 1;
        at->second.tenants = {TenantId(at->first.value.starts_with("self") ? "a" : "b")};
        if (!shared) at->second.tenants = {TenantId("a"), TenantId("b")};
        break;
      }
      case 3:
        config_.policy.judge.degradation_threshold = random_.Chance(0.5) ? 0.1 : 5.0;
        config_.policy.judge.duration = Duration(random_.Chance(0.5) ? 600'000 : 1'200'000);
        break;
      default:
        at->second.canary = random_.Chance(0.5) ? RisingShares() : std::vector<CanaryStep>{};
        break;
    }
  }

  // --- One step ---------------------------------------------------------------------------------

  void Step(Weather weather) {
    ++outcome_.steps;
    try {
      if (weather == Weather::kStormy) {
        if (random_.Chance(0.01)) return Restart();
        if (random_.Chance(0.01)) disk_.FailAfter(static_cast<int>(random_.Below(40)) + 1);
        if (random_.Chance(0.005)) disk_.FillUp(true);
        if (random_.Chance(0.06)) Somebody();
      }
      Status status;
      if (!runner_->Step(*engine_, status)) {
        status = engine_->FireDueTimers();
        if (status) Sleep();
      }
      if (!status) {
        if (!disk_.failed() && !disk_.full())
          Broken("the engine failed without a fault: " + status.error().message);
        return Restart();
      }
      if (disk_.failed()) return Restart();
    } catch (const ProcessDied&) {
      return Restart();
    }
    promises_.CheckAfterStep();
  }

  void Sleep() {
    std::optional<Instant> next = runner_->Next();
    if (const auto wake = engine_->NextWake()) next = next ? std::min(*next, *wake) : *wake;
    if (next && *next > clock_.now) clock_.now = *next;
    if (!next) clock_.now += Duration(60'000);
  }

  // --- People -----------------------------------------------------------------------------------

  void Somebody() {
    switch (random_.Below(10)) {
      case 0:
      case 1:
      case 2:
        return Trigger();
      case 3:
      case 4:
      case 5:
        return Approve();
      case 6:
        return ChangeByHand();
      case 7:
        return UndoOrReject();
      case 8:
        return random_.Chance(0.3) ? MoveFolder() : StopOrResume();
      default:
        return Release();
    }
  }

  void Trigger() {
    static const char* const kScopes[] = {"", "a", "b"};
    const CycleRequest request{
        .tenant = TenantId(kScopes[random_.Below(3)]),
        .priority = random_.Chance(0.2) ? Priority::kEmergency : Priority::kNormal};
    const Principal& who = SomePrincipal();
    const auto started = engine_->TriggerCycle(request, who);
    const bool may =
        who.role >= Role::kOperator && (!who.tenants.tenants() || request.tenant == TenantId("a"));
    if (started && !may) Broken(who.name + " started a cycle of " + request.tenant.value);
    if (started) promises_.Promise(*started);
    if (started && world_.stop_acknowledged) Broken("P5: a cycle was started after stop");
  }

  void Approve() {
    for (const auto& [id, improvement] : engine_->active()) {
      if (improvement.status != ImprovementStatus::kAwaitingApproval || improvement.approval)
        continue;
      // A person's yes counts from the moment it was given, the answer may get lost.
      const ImprovementId chosen = id;
      const Principal& who = SomePrincipal();
      const Opportunity& of = improvement.opportunity;
      const bool may =
          who.tenants.Allows(of.tenant) &&
          who.role >= (of.reach == Reach::kSystemWide ? Role::kMetaOrchestrator : Role::kOperator);
      const bool fresh = may && world_.approved.insert(chosen).second;
      if (may && who.role >= Role::kMetaOrchestrator) world_.approved_by_chief.insert(chosen);
      const Status done = engine_->Approve(chosen, who);
      if (done && !may) Broken(fmt::format("P5: {} approved {}", who.name, chosen.value));
      if (done) promises_.PromiseApproval(chosen);
      if (!done && fresh && !disk_.failed() && !disk_.full()) world_.approved.erase(chosen);
      return;
    }
  }

  const Principal& SomePrincipal() {
    if (world_.calm || random_.Chance(0.7)) return kChief;
    static const Principal* const kOthers[] = {&kOperator, &kOperatorOfA, &kViewer};
    return *kOthers[random_.Below(3)];
  }

  void ChangeByHand() {
    SimComponent& component = SomeComponent();
    if (random_.Chance(0.2)) {  // a backup by hard link: no other version
      component.changed_at = clock_.now;
      return;
    }
    world_.Write(component, fmt::format("hotfix {}", ++hotfixes_));
    world_.qualities[component.content] = static_cast<Quality>(random_.Below(3));
    component.foreign = true;
    component.foreign_since = clock_.now;
    world_.Serve(component);
  }

  // Somebody takes a component's folder away, or brings it back.
  void MoveFolder() {
    SimComponent& component = SomeComponent();
    component.gone = !component.gone;
  }

  SimComponent& SomeComponent() {
    return std::next(world_.components.begin(),
                     static_cast<std::ptrdiff_t>(random_.Below(world_.components.size())))
        ->second;
  }

  void UndoOrReject() {
    const auto all = store_->Improvements(TenantFilter::All(), 20);
    if (!all || all->empty()) return;
    const Improvement& some = all->at(random_.Below(all->size()));
    if (random_.Chance(0.5)) {
      (void)engine_->RollBack(some.id, kChief);  // refused where it does not fit
    } else {
      (void)engine_->Reject(some.id, kChief, "no");
    }
  }

  void StopOrResume() {
    if (world_.stop_acknowledged) {
      world_.stop_acknowledged = false;  // from the moment somebody says go, work may go on
      stop_pending_ = true;
      (void)engine_->Resume(kChief);
    } else {
      stop_pending_ = true;
      if (engine_->Stop(kChief)) {
        world_.stop_acknowledged = true;
        stop_pending_ = false;
      }
    }
  }

  void Release() {
    for (const auto& [key, target] : engine_->targets()) {
      if (!target.frozen) continue;
      const ComponentId chosen = key.component;
      (void)engine_->Release(chosen, kChief);
      return;
    }
  }

  void CheckAfterRestart() {
    if (!stop_pending_ && engine_->stopped() != world_.stop_acknowledged)
      Broken("P5: the kill switch was forgotten");
    world_.stop_acknowledged = engine_->stopped();
    stop_pending_ = false;
    promises_.CheckAfterRestart();
  }

  // --- The end ----------------------------------------------------------------------------------

  void Heal() {
    world_.faults = {.port_fails = 0, .port_dies = 0};
    world_.calm = true;
    for (auto& [id, component] : world_.components) component.gone = false;
    if (disk_.failed() || disk_.full() || random_.Chance(0.5)) Restart();
    disk_.FailAfter(-1);
    config_.schedule.enabled = false;
    // Stopped and resumed while work is on its way.
    if (!engine_->Resume(kChief)) Broken("resume fails in good weather");
    world_.stop_acknowledged = false;
    (void)engine_->TriggerCycle({}, kChief);
    if (!engine_->Stop(kChief)) Broken("stop fails in good weather");
    world_.stop_acknowledged = true;
    for (std::uint64_t i = random_.Below(6); i > 0; --i) Step(Weather::kCalm);
    if (!engine_->Resume(kChief)) Broken("resume fails in good weather");
    world_.stop_acknowledged = false;
    for (int i = 0; i < 4000; ++i) {
      Step(Weather::kCalm);
      Release();
      const bool quiet = engine_->active().empty() && engine_->pending_effects() == 0;
      if (quiet) break;
      if (i % 50 == 0) Approve();
    }
    if (!engine_->active().empty()) {
      const Improvement& stuck = engine_->active().begin()->second;
      Broken(fmt::format("liveness: {} is {} for ever", stuck.id.value, Name(stuck.status)));
    }
    for (const auto& [id, cycle] : engine_->cycles()) {
      Broken(fmt::format("liveness: {} is {} for ever", id.value, Name(cycle.status)));
    }
    for (const auto& [key, target] : engine_->targets()) {
      if (!config_.components.contains(key.component)) continue;
      if (!target.rehearsed_at) Broken("liveness: " + Name(key) + " was never rehearsed");
    }
    for (const auto& [id, component] : world_.components) {
      if (component.serving != component.content)
        Broken("P2: " + id.value + " does not serve what is there");
    }
    if (config_.components.size() < world_.components.size()) {
      config_ = SimConfig();
      config_.schedule.enabled = false;
      Restart();
    }
    GoesOn(std::next(world_.components.begin(),
                     static_cast<std::ptrdiff_t>(random_.Below(world_.components.size())))
               ->first);
    promises_.CheckAudit();
    if (promises_.promised_any() && world_.published.empty())
      Broken("liveness: no report was ever published");
    Count();
  }

  // Whatever happened to a component, it can be improved again.
  void GoesOn(const ComponentId& id) {
    const auto deployed = [&] {
      const auto all = store_->Improvements(TenantFilter::All(), 10);
      return all && std::ranges::any_of(*all, [&](const Improvement& i) {
               return i.opportunity.component == id && i.deployed_at &&
                      world_.HashOf(world_.components.at(id).content) == i.tree_after;
             });
    };
    for (int round = 0; round < 60; ++round) {
      (void)engine_->TriggerCycle({}, kChief);
      for (int i = 0; i < 400; ++i) {
        Step(Weather::kCalm);
        if (deployed()) return;
        if (engine_->active().empty() && engine_->pending_effects() == 0) break;
        Approve();
      }
      clock_.now += Duration(86'400'000);  // another budget
    }
    const auto at = engine_->targets().find({id, {}});
    const bool frozen = at != engine_->targets().end() && at->second.frozen;
    Broken(fmt::format("liveness: nothing is deployed to {} any more{}", id.value,
                       frozen ? ", it is frozen" : ""));
  }

  void Count() {
    const auto all = store_->Improvements(TenantFilter::All(), 100'000);
    if (!all) return;
    for (const Improvement& improvement : *all) {
      if (improvement.deployed_at) ++outcome_.deployed;
      if (improvement.status == ImprovementStatus::kRolledBack) ++outcome_.rolled_back;
      if (improvement.status == ImprovementStatus::kCompleted) ++outcome_.completed;
      if (improvement.status == ImprovementStatus::kSuperseded) ++outcome_.superseded;
    }
  }

  SeededRandom random_;
  SimClock clock_;
  VirtualDisk disk_;
  World world_;
  EngineConfig config_ = SimConfig();
  SimSeries series_{world_};
  SimIncidents incidents_{world_};
  SimAuthor author_{world_};
  SimValidator validator_{world_};
  SimSourceTree tree_{world_};
  SimDeployer deployer_{world_};
  SimNotifier notifier_{world_};
  SimReports reports_{world_};
  Performer performer_{
      config_,
      {clock_, series_, incidents_, author_, validator_, tree_, deployer_, notifier_, reports_}};
  Promises promises_{world_, config_};
  std::unique_ptr<SqliteStateStore> store_;
  std::unique_ptr<SimRunner> runner_;
  std::unique_ptr<Engine> engine_;
  SimOutcome outcome_;
  bool stop_pending_ = false;
  int hotfixes_ = 0;
};

}  // namespace

SimOutcome Simulate(std::uint64_t seed) { return Life(seed).Run(); }

}  // namespace ratchet::sim
