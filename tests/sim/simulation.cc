#include "tests/sim/simulation.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/sqlite/sqlite_state_store.h"
#include "core/model/names.h"
#include "tests/sim/fault_vfs.h"
#include "tests/sim/world.h"

namespace ratchet::sim {
namespace {

constexpr const char* kAuditKey = "simulated key";
const Principal kChief{.name = "chief", .role = Role::kMetaOrchestrator};
const Principal kOperator{.name = "operator", .role = Role::kOperator};
const Principal kOperatorOfA{.name = "operator of a",
                             .role = Role::kOperator,
                             .tenants = TenantFilter::Only({TenantId("a")})};
const Principal kViewer{.name = "viewer", .role = Role::kViewer};

[[noreturn]] void Broken(const std::string& text) { throw PromiseBroken(text); }

// Performs jobs at a seeded time, and hands in the answer at a later one: between the two the
// process may die, which is a lost reply.
class SimRunner : public EffectRunner {
 public:
  SimRunner(World& world, Performer& performer) : world_(world), performer_(performer) {}

  void Start(EffectJob job) override {
    const ComponentId touched = TouchedBy(job);
    for (const Task& other : waiting_) {
      if (!touched.empty() && TouchedBy(other.job) == touched)
        Broken("P2: two things are done to " + touched.value + " at once");
    }
    waiting_.push_back(
        {world_.clock.now + Duration(world_.random.Below(30'000)), std::move(job), {}});
  }
  [[nodiscard]] std::optional<Instant> Next() const {
    std::optional<Instant> next;
    for (const auto& task : waiting_) next = next ? std::min(*next, task.at) : task.at;
    return next;
  }
  // Does one due thing, if there is any.
  bool Step(Engine& engine, Status& status) {
    const auto at = std::ranges::min_element(waiting_, {}, &Task::at);
    if (at == waiting_.end() || at->at > world_.clock.now) return false;
    Task task = std::move(*at);
    waiting_.erase(at);
    if (task.answer) {
      const EffectKey key = task.job.effect.key;
      const auto answer = [&] { return engine.OnAnswer(key, task.job.start, *task.answer); };
      status = answer();
      if (status && world_.random.Chance(0.05)) status = answer();
      return true;
    }
    const bool may_begin =
        cycle::RunsWhileStopped(task.job.effect.kind) || !world_.stop_acknowledged;
    const int generated_before = world_.generated;
    task.answer = performer_.Perform(task.job);
    if (!may_begin && world_.generated != generated_before) Broken("P5: work was done after stop");
    task.at = world_.clock.now + Duration(world_.random.Below(20'000));
    waiting_.push_back(std::move(task));
    return true;
  }

 private:
  struct Task {
    Instant at;
    EffectJob job;
    std::optional<Answer> answer;
  };
  static ComponentId TouchedBy(const EffectJob& job) {
    using enum cycle::EffectKind;
    const cycle::EffectKind kind = job.effect.kind;
    if (kind == kRehearse) return ComponentId(job.effect.subject);
    const bool touches = kind == kDeploy || kind == kPromote || kind == kLook || kind == kRollBack;
    return touches && job.improvement ? job.improvement->opportunity.component : ComponentId();
  }
  World& world_;
  Performer& performer_;
  std::vector<Task> waiting_;
};

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
      made.history[clock_.now - Duration(3 * 86'400'000)] = older;
      made.changed_at = clock_.now - Duration(random_.Below(50 * 60'000));
      made.history[made.changed_at] = made.content;
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
    ended_.clear();
    for (int tries = 0; tries < 20; ++tries) {
      auto opened =
          SqliteStateStore::Open({.path = "state.db", .audit_key = kAuditKey, .vfs = disk_.name()});
      if (!opened)
        Broken("P2: the state cannot be opened after a crash: " + opened.error().message);
      store_ = std::move(*opened);
      runner_ = std::make_unique<SimRunner>(world_, performer_);
      auto engine = Engine::Open(config_, {clock_, *store_, *runner_});
      if (engine) {
        engine_ = std::move(*engine);
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
    StartProcess();
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
    CheckPromises();
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
        return StopOrResume();
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
    if (started) promised_cycles_.insert(*started);
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
      const Status done = engine_->Approve(chosen, who);
      if (done && !may) Broken(fmt::format("P5: {} approved {}", who.name, chosen.value));
      if (done) promised_approvals_.insert(chosen);
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
    auto at = world_.components.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random_.Below(world_.components.size())));
    world_.Write(at->second, fmt::format("hotfix {}", ++hotfixes_));
    world_.qualities[at->second.content] = static_cast<Quality>(random_.Below(3));
    at->second.foreign = true;
    at->second.foreign_since = clock_.now;
    world_.Serve(at->second);
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
    for (const auto& [id, component] : engine_->components()) {
      if (!component.frozen) continue;
      const ComponentId chosen = id;
      (void)engine_->Release(chosen, kChief);
      return;
    }
  }

  // --- Promises ---------------------------------------------------------------------------------

  void CheckPromises() {
    CheckSlotsAndComponents();
    CheckTrees();
    CheckMoney();
    const auto head = store_->Head();
    if (!head) return;
    if (head->sequence < audit_seen_) Broken("P4: the audit log lost entries");
    audit_seen_ = head->sequence;
  }

  void CheckSlotsAndComponents() {
    int slots = 0, emergencies = 0, of_b = 0, emergencies_of_b = 0;
    std::map<ComponentId, int> occupied;
    for (const auto& [id, improvement] : engine_->active()) {
      if (HoldsSlot(improvement.status)) {
        const bool emergency = improvement.priority == Priority::kEmergency;
        ++(emergency ? emergencies : slots);
        if (improvement.opportunity.tenant == TenantId("b"))
          ++(emergency ? emergencies_of_b : of_b);
      }
      if (OccupiesComponent(improvement.status)) ++occupied[improvement.opportunity.component];
      const ComponentConfig& component = config_.components.at(improvement.opportunity.component);
      if (component.reach() == Reach::kTenant &&
          component.tenants.front() != improvement.opportunity.tenant)
        Broken(fmt::format("{} is of a tenant that its component does not belong to", id.value));
    }
    // One emergency has a slot of its own; more count like everybody.
    const int counted = slots + std::max(0, emergencies - 1);
    if (counted > config_.limits.concurrent_max) Broken(fmt::format("{} slots are taken", counted));
    if (of_b + std::max(0, emergencies_of_b - 1) > 1)
      Broken("a tenant has more slots than its limit");
    for (const auto& [id, count] : occupied) {
      if (count > 1) Broken(fmt::format("P1: {} improvements on component {}", count, id.value));
    }
  }

  // P1, P2: a version of ours stands only while it is watched, undone, or was kept.
  void CheckTrees() {
    for (const auto& [id, component] : world_.components) {
      const auto owner = world_.owner.find(component.content);
      if (owner == world_.owner.end()) continue;
      const auto improvement = Find(owner->second);
      if (!improvement) Broken("P1: nobody knows the version on " + id.value);
      switch (improvement->status) {
        case ImprovementStatus::kDeploying:
        case ImprovementStatus::kCanary:
        case ImprovementStatus::kMonitoring:
        case ImprovementStatus::kRollingBack:
          break;
        case ImprovementStatus::kCompleted:
          if (world_.LatencyOf(component.content) >=
                  world_.LatencyOf(world_.replaced.at(component.content)) ||
              world_.QualityOf(component.content) == Quality::kBroken) {
            Broken(fmt::format("P1: {} was kept and is not better", owner->second.value));
          }
          break;
        default:
          Broken(fmt::format("P1: {} is {} and still stands on {}", owner->second.value,
                             Name(improvement->status), id.value));
      }
      const bool by_policy = improvement->approval && improvement->approval->by == "policy:auto";
      if (!by_policy && !world_.approved.contains(improvement->id)) {
        Broken(fmt::format("P5: {} was deployed without approval", improvement->id.value));
      }
      if (improvement->opportunity.reach == Reach::kSystemWide && by_policy) {
        Broken("P5: a system-wide change approved itself");
      }
    }
    CheckEndings();
  }

  // P2: nothing is kept whose version was replaced by somebody else before the last look.
  void CheckEndings() {
    std::set<ImprovementId> now_active;
    for (const auto& [id, improvement] : engine_->active()) {
      if (!IsTerminal(improvement.status)) now_active.insert(id);
    }
    for (const ImprovementId& id : active_before_) {
      if (now_active.contains(id)) continue;
      const auto ended = Find(id);
      if (ended) RememberTakenBack(*ended);
      if (!ended || ended->status != ImprovementStatus::kCompleted) continue;
      const auto& component = world_.components.at(ended->opportunity.component);
      if (component.foreign && component.foreign_since < ended->looks.back().window.end) {
        Broken(fmt::format("P2: {} was kept although its version did not stand", id.value));
      }
    }
    active_before_ = std::move(now_active);
  }

  void RememberTakenBack(const Improvement& ended) {
    const bool for_good = ended.reason.starts_with("performance_degradation:") ||
                          ended.reason.starts_with("no_effect:") ||
                          ended.reason.starts_with("requested:");
    if (ended.status != ImprovementStatus::kRolledBack || !for_good) return;
    const auto change = store_->LoadChange(ended.id);
    if (!change) return;
    const FileChange& file = change->files.at(0);
    world_.taken_back.insert({*file.before, file.after});
  }

  std::optional<Improvement> Find(const ImprovementId& id) {
    const auto at = engine_->active().find(id);
    if (at != engine_->active().end()) {
      ended_.erase(id);
      return at->second;
    }
    if (const auto known = ended_.find(id); known != ended_.end()) return known->second;
    auto stored = store_->FindImprovement(TenantFilter::All(), id);
    if (!stored) return std::nullopt;
    return ended_[id] = *stored;
  }

  void CheckMoney() {
    // A call over midnight is spent on another day than it was reserved for.
    double spent = 0, reserved_in_all = 0;
    for (const auto& [day, usd] : world_.spent) {
      const auto reserved = store_->ReservedOn(day, "");
      if (!reserved) return;
      spent += usd;
      reserved_in_all += *reserved;
      if (*reserved > config_.daily_budget_usd + 1e-9)
        Broken("P5: more was reserved than the budget");
    }
    if (spent > reserved_in_all + 1e-9) {
      Broken(
          fmt::format("P5: {:.2f} dollars were spent and {:.2f} reserved", spent, reserved_in_all));
    }
  }

  void CheckAfterRestart() {
    if (!stop_pending_ && engine_->stopped() != world_.stop_acknowledged) {
      Broken("P5: the kill switch was forgotten");
    }
    world_.stop_acknowledged = engine_->stopped();
    stop_pending_ = false;
    for (const CycleId& id : promised_cycles_) {
      const auto cycles = store_->Cycles(TenantFilter::All(), 100'000);
      if (!cycles || std::ranges::find(*cycles, id, &Cycle::id) == cycles->end()) {
        Broken("P2: cycle " + id.value + " was forgotten");
      }
    }
    for (const ImprovementId& id : promised_approvals_) {
      const auto improvement = Find(id);
      if (!improvement || !improvement->approval)
        Broken("P2: the approval of " + id.value + " was forgotten");
    }
    CheckAudit();
    CheckPromises();
  }

  void CheckAudit() {
    AuditVerifier verifier(kAuditKey, world_.published);
    std::map<ImprovementId, int> deployments;
    const auto own = store_->VisitAudit([&](const AuditEntry& entry) {
      verifier.Add(entry);
      if (entry.action == "improvement.deployed") ++deployments[entry.improvement];
    });
    if (!own) Broken("P4: the audit log cannot be read: " + own.error().message);
    const AuditVerdict verdict = verifier.Finish(*own);
    if (!verdict.intact) Broken("P4: " + verdict.problem);
    for (const auto& [id, times] : deployments) {
      if (times > 1) Broken(fmt::format("P4: {} was deployed {} times", id.value, times));
    }
  }

  // --- The end ----------------------------------------------------------------------------------

  void Heal() {
    world_.faults = {.port_fails = 0, .port_dies = 0};
    world_.calm = true;
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
    for (const auto& [id, component] : engine_->components()) {
      if (!component.rehearsed_at) Broken("liveness: " + id.value + " was never rehearsed");
    }
    for (const auto& [id, component] : world_.components) {
      if (component.serving != component.content)
        Broken("P2: " + id.value + " does not serve what is there");
    }
    GoesOn(std::next(world_.components.begin(),
                     static_cast<std::ptrdiff_t>(random_.Below(world_.components.size())))
               ->first);
    CheckAudit();
    if (!promised_cycles_.empty() && world_.published.empty())
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
    const auto at = engine_->components().find(id);
    const bool frozen = at != engine_->components().end() && at->second.frozen;
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
  std::unique_ptr<SqliteStateStore> store_;
  std::unique_ptr<SimRunner> runner_;
  std::unique_ptr<Engine> engine_;
  SimOutcome outcome_;
  std::set<CycleId> promised_cycles_;
  std::set<ImprovementId> promised_approvals_;
  std::set<ImprovementId> active_before_;
  std::map<ImprovementId, Improvement> ended_;  // read once from the store, for speed
  bool stop_pending_ = false;
  int hotfixes_ = 0;
  std::int64_t audit_seen_ = 0;
};

}  // namespace

SimOutcome Simulate(std::uint64_t seed) { return Life(seed).Run(); }

}  // namespace ratchet::sim
