#include "engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/cycle/schedule.h"
#include "core/model/names.h"
#include "core/model/serialize.h"

namespace ratchet {
namespace {

using cycle::Effect;
using cycle::EffectKind;
using cycle::TimerKind;
using Json = nlohmann::json;

const std::string kScheduleSubject = "schedule";

// What a rehearsal proves something about.
std::string RehearsedSettings(const ComponentConfig& c) {
  return Sha256Hex(
      fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", c.root, static_cast<int>(c.reload.kind),
                  c.reload.url, c.reload.pid_file, c.reload.signal, Join(c.reload.command, "\n"),
                  static_cast<int>(c.proof.kind), c.proof.url, c.proof.pointer, c.health_url));
}

std::string ReservationKey(const StoredEffect& stored) {
  return fmt::format("{}#{}", stored.effect.key.value, stored.attempts);
}

}  // namespace

std::string DayOf(Instant now) { return FormatInstant(now).substr(0, 10); }

Result<std::unique_ptr<Engine>> Engine::Open(const EngineConfig& config, Ports ports) {
  std::unique_ptr<Engine> engine(new Engine(config, ports));
  TRY(PersistedState state, ports.store.Load());
  engine->system_ = state.system;
  engine->stopped_ = state.system.stopped;
  for (auto& cycle : state.cycles) engine->cycles_.emplace(cycle.id, std::move(cycle));
  for (auto& improvement : state.improvements) {
    engine->improvements_.emplace(improvement.id, std::move(improvement));
  }
  for (auto& component : state.components) {
    engine->components_.emplace(component.id, std::move(component));
  }
  for (auto& stored : state.effects) engine->effects_.emplace(stored.effect.key, std::move(stored));
  for (const auto& timer : state.timers) {
    engine->timers_[{timer.subject, timer.kind}] = timer.wake_at;
  }
  TRY_STATUS(engine->Recover());
  return engine;
}

// Registers new components, plans the schedule, and starts what was not answered. An effect that
// may have run before is counted: a generation that may have cost money gets a new reservation.
Status Engine::Recover() {
  Transaction tx;
  for (const auto& [id, config] : config_.components) {
    ComponentState& state = components_[id];
    state.id = id;
    // A rehearsal speaks for the settings it was made with.
    if (const std::string settings = RehearsedSettings(config);
        state.rehearsed_settings != settings) {
      state.rehearsed_at.reset();
      state.rehearsed_settings = settings;
    }
    if (!state.rehearsed_at) AskRehearsal(id, tx);
    tx.components.push_back(state);
  }
  if (config_.schedule.enabled && config_.self_building) {
    const Instant due =
        cycle::NextScheduledRun(config_.schedule.start_time, config_.schedule.interval,
                                system_.last_scheduled, ports_.clock.Now());
    tx.timers_set.push_back({kScheduleSubject, TimerKind::kSchedule, due});
  } else {
    tx.timers_cleared.emplace_back(kScheduleSubject, TimerKind::kSchedule);
  }
  AddAudit(tx, "ratchet", "system.started", ToText(Json{{"stopped", system_.stopped}}));
  for (auto& [key, stored] : effects_) {
    if (stored.attempts == 0) continue;
    ++stored.attempts;
    tx.effects.push_back(stored);
  }
  TRY_STATUS(Commit(tx));
  TRY_STATUS(StartPending());
  return Settle();
}

// Only components that may be deployed to are touched at all.
void Engine::AskRehearsal(const ComponentId& id, Transaction& tx) {
  const auto config = config_.components.find(id);
  if (config == config_.components.end() || config->second.autonomy < Autonomy::kApprove) return;
  const auto key = EffectKey(fmt::format("{}/rehearse/{}", id.value, ToMillis(ports_.clock.Now())));
  const bool asked = std::ranges::any_of(effects_, [&](const auto& entry) {
    return entry.second.effect.kind == EffectKind::kRehearse &&
           entry.second.effect.subject == id.value;
  });
  if (!asked) AddEffect({.key = key, .kind = EffectKind::kRehearse, .subject = id.value}, tx);
}

cycle::ImprovementPolicy Engine::PolicyFor(const Improvement& improvement) const {
  cycle::ImprovementPolicy policy = config_.policy;
  const auto component = config_.components.find(improvement.opportunity.component);
  if (component != config_.components.end()) policy.autonomy = component->second.autonomy;
  const auto tenant = config_.tenants.find(improvement.opportunity.tenant);
  if (tenant != config_.tenants.end()) {
    const TenantOverrides& own = tenant->second;
    policy.risk_max = own.risk_tolerance.value_or(policy.risk_max);
    policy.judge.duration = own.monitoring_duration.value_or(policy.judge.duration);
    // A tenant may ask for more caution than the component, never for less.
    policy.autonomy = std::min(policy.autonomy, own.autonomy.value_or(policy.autonomy));
  }
  if (!config_.autonomous_improvements)
    policy.autonomy = std::min(policy.autonomy, Autonomy::kApprove);
  return policy;
}

// --- Commands -----------------------------------------------------------------------------------

Result<CycleId> Engine::TriggerCycle(const CycleRequest& request, const Principal& who) {
  if (who.role < Role::kOperator) {
    return Fail(ErrorCode::kPermissionDenied,
                who.name + " may not trigger a cycle: role operator is needed");
  }
  if (who.tenants.tenants() && (request.tenant.empty() || !who.tenants.Allows(request.tenant))) {
    return Fail(ErrorCode::kPermissionDenied,
                who.name + " may trigger cycles for its own tenants only");
  }
  if (!config_.self_building) {
    return Fail(ErrorCode::kConflict, "cycles are switched off (ENABLE_SELF_BUILDING=false)");
  }
  if (system_.stopped) {
    return Fail(ErrorCode::kConflict,
                "stopped by " + system_.stopped_by + "; `ratchet resume` allows new work");
  }
  for (const auto& [id, other] : cycles_) {
    if (other.tenant == request.tenant && other.priority == request.priority) {
      return Fail(
          ErrorCode::kConflict,
          fmt::format("cycle {} is {} for the same scope ({})", id.value, Name(other.status),
                      request.tenant.empty() ? "all tenants" : request.tenant.value));
    }
  }
  const bool emergency = request.priority == Priority::kEmergency;
  Cycle cycle;
  cycle.id = CycleId(NextId("cycle"));
  cycle.tenant = request.tenant;
  cycle.trigger = request.trigger;
  cycle.priority = request.priority;
  cycle.actor = who.name;
  cycle.analysis_window =
      request.analysis_window.value_or(emergency ? Duration(3'600'000) : config_.analysis_window);
  cycle.max_improvements =
      request.max_improvements.value_or(emergency ? 1 : config_.max_improvements);
  cycle = *cycle::AdvanceCycle(cycle, cycle::AnalysisStarted{}, ports_.clock.Now());

  Transaction tx;
  tx.system = system_;
  tx.cycles.push_back(cycle);
  AddAudit(tx, who.name, "cycle.started",
           ToText(Json{{"cycle_id", cycle.id.value},
                       {"trigger", Name(cycle.trigger)},
                       {"priority", Name(cycle.priority)},
                       {"analysis_window_hours", Seconds(cycle.analysis_window) / 3600},
                       {"max_improvements", cycle.max_improvements}}),
           cycle.tenant);
  AddEffect({.key = EffectKey(cycle.id.value + "/analyse/1"),
             .kind = EffectKind::kAnalyse,
             .subject = cycle.id.value},
            tx);
  const CycleId id = cycle.id;
  cycles_.emplace(id, std::move(cycle));
  TRY_STATUS(Commit(tx));
  TRY_STATUS(StartPending());
  return id;
}

Status Engine::FindVisible(const ImprovementId& id, const Principal& who, Role needed) {
  const auto at = improvements_.find(id);
  if (at != improvements_.end()) {
    const bool own = who.tenants.Allows(at->second.opportunity.tenant);
    if (!own) return Fail(ErrorCode::kNotFound, "no improvement " + id.value);
  } else {
    TRY(const Improvement ended, ports_.store.FindImprovement(who.tenants, id));
    (void)ended;
  }
  if (who.role < needed) {
    return Fail(ErrorCode::kPermissionDenied, fmt::format("{} has the role {}; {} is needed",
                                                          who.name, Name(who.role), Name(needed)));
  }
  return {};
}

Status Engine::Approve(const ImprovementId& id, const Principal& who) {
  TRY_STATUS(FindVisible(id, who, Role::kOperator));
  TRY_STATUS(Apply(id, cycle::Approved{who.name, who.role}, who.name, std::nullopt));
  return Settle();
}

Status Engine::Reject(const ImprovementId& id, const Principal& who, const std::string& why) {
  TRY_STATUS(FindVisible(id, who, Role::kOperator));
  TRY_STATUS(Apply(id, cycle::Rejected{who.name, why}, who.name, std::nullopt));
  return Settle();
}

Status Engine::RollBack(const ImprovementId& id, const Principal& who) {
  TRY_STATUS(FindVisible(id, who, Role::kOperator));
  if (!improvements_.contains(id)) {
    TRY(Improvement kept, ports_.store.FindImprovement(who.tenants, id));
    const auto component = components_.find(kept.opportunity.component);
    const bool latest =
        component != components_.end() && component->second.expected_tree == kept.tree_after;
    const bool busy = std::ranges::any_of(improvements_, [&](const auto& entry) {
      return OccupiesComponent(entry.second.status) &&
             entry.second.opportunity.component == kept.opportunity.component;
    });
    if (kept.status != ImprovementStatus::kCompleted || !latest || busy) {
      return Fail(ErrorCode::kConflict,
                  fmt::format("improvement {} is {} and not the latest on its component", id.value,
                              Name(kept.status)));
    }
    improvements_.emplace(id, std::move(kept));
  }
  TRY_STATUS(Apply(id, cycle::RollbackRequested{who.name}, who.name, std::nullopt));
  return Settle();
}

// The kill switch is everybody's, so a key of single tenants may not turn it.
Status Engine::MayOperateAll(const Principal& who) {
  if (who.role >= Role::kOperator && !who.tenants.tenants()) return {};
  return Fail(
      ErrorCode::kPermissionDenied,
      who.name + " may not do this: a key with the role operator for all tenants is needed");
}

Status Engine::Stop(const Principal& who) {
  TRY_STATUS(MayOperateAll(who));
  stopped_ = true;  // before it is durable: a deployment on its way looks here
  system_.stopped = true;
  system_.stopped_by = who.name;
  Transaction tx;
  tx.system = system_;
  AddAudit(tx, who.name, "system.stopped", "{}");
  return Commit(tx);
}

Status Engine::Resume(const Principal& who) {
  TRY_STATUS(MayOperateAll(who));
  system_.stopped = false;
  Transaction tx;
  tx.system = system_;
  AddAudit(tx, who.name, "system.resumed", "{}");
  TRY_STATUS(Commit(tx));
  stopped_ = false;
  held_.clear();
  TRY_STATUS(StartPending());
  return Settle();
}

Status Engine::Release(const ComponentId& id, const Principal& who) {
  TRY_STATUS(MayOperateAll(who));
  const auto at = components_.find(id);
  if (at == components_.end()) return Fail(ErrorCode::kNotFound, "no component " + id.value);
  if (!at->second.frozen)
    return Fail(ErrorCode::kConflict, "component " + id.value + " is not frozen");
  at->second.frozen = false;
  at->second.frozen_reason.clear();
  at->second.expected_tree.clear();  // what is there now is the new start
  at->second.changed_at = ports_.clock.Now();
  Transaction tx;
  tx.components.push_back(at->second);
  AddAudit(tx, who.name, "component.released", "{}", {}, id);
  TRY_STATUS(Commit(tx));
  return Settle();
}

// --- Events -------------------------------------------------------------------------------------

Status Engine::OnAnswer(const EffectKey& key, const Answer& answer) {
  running_.erase(key);
  const auto at = effects_.find(key);
  if (at == effects_.end()) return {};  // answered before: the same deed has the same key
  const std::string subject = at->second.effect.subject;
  if (std::holds_alternative<Held>(answer)) {
    held_.insert(key);
    return StartPending();
  }
  if (const auto* found = std::get_if<Result<AnalysisFound>>(&answer)) {
    TRY_STATUS(OnAnalysis(key, *found, subject));
  } else if (const auto* rehearsed = std::get_if<Rehearsed>(&answer)) {
    TRY_STATUS(OnRehearsed(key, rehearsed->result, subject));
  } else if (const auto* delivered = std::get_if<Delivered>(&answer)) {
    TRY_STATUS(OnDelivered(key, delivered->result));
  } else {
    const auto applied =
        Apply(ImprovementId(subject), std::get<cycle::ImprovementEvent>(answer), "ratchet", key);
    if (broken_) return applied;  // an event that no longer fits is no failure of the engine
  }
  return Settle();
}

Status Engine::Apply(const ImprovementId& id, const cycle::ImprovementEvent& event,
                     const std::string& actor, const std::optional<EffectKey>& answered) {
  Transaction tx;
  Status outcome;
  const auto at = improvements_.find(id);
  if (at == improvements_.end()) {
    outcome =
        Fail(ErrorCode::kConflict, fmt::format("improvement {} has ended ({})", id.value, actor));
  } else {
    const auto step = cycle::Advance(at->second, event, PolicyFor(at->second), ports_.clock.Now());
    if (step) {
      Record(*step, tx);
    } else {
      outcome = std::unexpected(step.error());
    }
  }
  if (answered) {
    const StoredEffect& stored = effects_.at(*answered);
    if (stored.effect.kind == EffectKind::kGenerate && config_.daily_budget_usd > 0) {
      double cost = 0;
      if (const auto* done = std::get_if<cycle::Generated>(&event)) cost = done->cost_usd;
      if (const auto* failed = std::get_if<cycle::GenerationFailed>(&event))
        cost = failed->cost_usd;
      tx.reservations.push_back({ReservationKey(stored), DayOf(ports_.clock.Now()), cost});
    }
    tx.effects_done.push_back(*answered);
  }
  if (!outcome && !answered) return outcome;
  TRY_STATUS(Commit(tx));
  TRY_STATUS(StartPending());
  return outcome;
}

// Everything a step asks for goes into one transaction with the new state.
void Engine::Record(const cycle::ImprovementStep& step, Transaction& tx) {
  const Improvement& state = step.state;
  improvements_[state.id] = state;
  tx.improvements.push_back(state);
  if (step.change) tx.changes.emplace_back(state.id, *step.change);
  for (const Effect& effect : step.effects) AddEffect(effect, tx);
  for (const TimerKind kind : step.timers_cleared)
    tx.timers_cleared.emplace_back(state.id.value, kind);
  for (const auto& timer : step.timers_set) tx.timers_set.push_back(timer);
  for (const auto& draft : step.audit) {
    tx.audit.push_back({state.opportunity.tenant, state.id, state.opportunity.component, draft,
                        ports_.clock.Now()});
  }
  for (const Alert& alert : step.alerts) AddAlert(tx, alert);
  if (step.outcome) tx.outcomes.push_back(*step.outcome);
  if (step.freeze_component || step.expected_tree) {
    ComponentState& component = components_[state.opportunity.component];
    component.id = state.opportunity.component;
    if (step.expected_tree) {
      component.expected_tree = *step.expected_tree;
      component.changed_at = ports_.clock.Now();
    }
    if (step.freeze_component) {
      component.frozen = true;
      component.frozen_reason = *step.freeze_component;
      AddAudit(tx, "ratchet", "component.frozen", ToText(Json{{"reason", *step.freeze_component}}),
               state.opportunity.tenant, component.id);
    }
    tx.components.push_back(component);
  }
}

Status Engine::OnAnalysis(const EffectKey& key, const Result<AnalysisFound>& found,
                          const std::string& subject) {
  Transaction tx;
  tx.effects_done.push_back(key);
  const auto at = cycles_.find(CycleId(subject));
  if (at == cycles_.end()) return Commit(tx);
  const Instant now = ports_.clock.Now();
  if (!found) {
    const auto failed =
        cycle::AdvanceCycle(at->second, cycle::AnalysisFailed{found.error().message}, now);
    if (!failed) return Commit(tx);
    tx.cycles.push_back(*failed);
    AddAudit(tx, "ratchet", "cycle.failed",
             ToText(Json{{"cycle_id", subject}, {"reason", found.error().message}}),
             failed->tenant);
    cycles_.erase(at);
    return Commit(tx);
  }
  tx.insights = found->insights;
  tx.opportunities = found->opportunities;
  const size_t capacity = static_cast<size_t>(
      std::max(0, config_.limits.concurrent_max - static_cast<int>(improvements_.size())));
  std::vector<ImprovementId> chosen;
  for (const Opportunity& opportunity : found->opportunities) {
    if (static_cast<int>(chosen.size()) >= at->second.max_improvements) break;
    if (opportunity.level == Level::kLow || !Wanted(opportunity)) continue;
    if (opportunity.level == Level::kMedium && chosen.size() >= capacity) continue;
    Improvement improvement;
    improvement.id = ImprovementId(NextId("imp"));
    improvement.cycle = at->second.id;
    improvement.opportunity = opportunity;
    improvement.priority = at->second.priority;
    improvement.created_at = improvement.changed_at = now;
    chosen.push_back(improvement.id);
    tx.improvements.push_back(improvement);
    improvements_.emplace(improvement.id, std::move(improvement));
  }
  tx.system = system_;  // the id counter
  const auto done = cycle::AdvanceCycle(
      at->second,
      cycle::AnalysisDone{found->telemetry, static_cast<int>(found->opportunities.size()), chosen},
      now);
  CHECK(done.has_value(), "an analysis is asked for once a cycle");
  at->second = *done;
  tx.cycles.push_back(*done);
  AddAudit(tx, "ratchet", "cycle.analysed",
           ToText(Json{{"cycle_id", subject},
                       {"insights", found->insights.size()},
                       {"opportunities", found->opportunities.size()},
                       {"improvements", chosen.size()}}),
           done->tenant);
  return Commit(tx);
}

// Whether an opportunity may become an improvement at all.
bool Engine::Wanted(const Opportunity& opportunity) const {
  const auto component = config_.components.find(opportunity.component);
  if (component == config_.components.end()) return false;
  if (component->second.autonomy == Autonomy::kObserve) return false;
  const auto tenant = config_.tenants.find(opportunity.tenant);
  if (tenant != config_.tenants.end() && !tenant->second.enabled) return false;
  const auto state = components_.find(opportunity.component);
  if (state != components_.end() && state->second.frozen) return false;
  return std::ranges::none_of(improvements_, [&](const auto& entry) {
    const Opportunity& other = entry.second.opportunity;
    return other.component == opportunity.component && other.operation == opportunity.operation &&
           other.kind == opportunity.kind && other.tenant == opportunity.tenant;
  });
}

Status Engine::OnRehearsed(const EffectKey& key, const Status& result, const std::string& subject) {
  Transaction tx;
  tx.effects_done.push_back(key);
  ComponentState& component = components_[ComponentId(subject)];
  component.id = ComponentId(subject);
  if (result) {
    component.rehearsed_at = ports_.clock.Now();
    component.rehearsal_error.clear();
  } else {
    component.rehearsal_error = result.error().message;
    constexpr Duration kAgain{60'000};
    tx.timers_set.push_back({subject, TimerKind::kRollbackRetry, ports_.clock.Now() + kAgain});
  }
  tx.components.push_back(component);
  AddAudit(tx, "ratchet", result ? "component.rehearsed" : "component.rehearsal_failed",
           ToText(Json{{"error", component.rehearsal_error}}), {}, component.id);
  return Commit(tx);
}

Status Engine::OnDelivered(const EffectKey& key, const Status& result) {
  Transaction tx;
  tx.effects_done.push_back(key);
  if (!result) {
    AddAudit(tx, "ratchet", "alert.undelivered",
             ToText(Json{{"alert", key.value}, {"error", result.error().message}}));
  }
  return Commit(tx);
}

Status Engine::FireDueTimers() {
  const Instant now = ports_.clock.Now();
  const auto slots = timers_;
  std::vector<std::pair<std::string, TimerKind>> due;
  for (const auto& [timer, wake_at] : timers_) {
    if (wake_at <= now) due.push_back(timer);
  }
  for (const auto& [subject, kind] : due) {
    Transaction tx;
    tx.timers_cleared.emplace_back(subject, kind);
    if (kind == TimerKind::kSchedule) {
      // Runs count from the first; one that was missed is made up for once.
      const Instant slot = slots.at({subject, kind});
      system_.last_scheduled =
          slot + (now - slot) / config_.schedule.interval * config_.schedule.interval;
      tx.system = system_;
      tx.timers_set.push_back({subject, kind, *system_.last_scheduled + config_.schedule.interval});
      TRY_STATUS(Commit(tx));
      const Principal schedule{.name = "schedule", .role = Role::kOperator};
      const auto started = TriggerCycle({.trigger = Trigger::kScheduled}, schedule);
      if (broken_) return std::unexpected(started.error());
      if (!started) {
        Transaction refused;
        AddAudit(refused, "schedule", "cycle.refused",
                 ToText(Json{{"reason", started.error().message}}));
        TRY_STATUS(Commit(refused));
      }
      continue;
    }
    const auto at = improvements_.find(ImprovementId(subject));
    if (at != improvements_.end()) {
      const auto step =
          cycle::Advance(at->second, cycle::TimerFired{kind}, PolicyFor(at->second), now);
      if (step) Record(*step, tx);
    } else if (components_.contains(ComponentId(subject))) {
      AskRehearsal(ComponentId(subject), tx);
    }
    TRY_STATUS(Commit(tx));
    TRY_STATUS(StartPending());
  }
  return due.empty() ? Status{} : Settle();
}

std::optional<Instant> Engine::NextWake() const {
  std::optional<Instant> next;
  for (const auto& [timer, wake_at] : timers_) {
    if (!next || wake_at < *next) next = wake_at;
  }
  return next;
}

// --- Persisting and performing ------------------------------------------------------------------

void Engine::AddEffect(const Effect& effect, Transaction& tx) {
  const StoredEffect stored{effect, 0};
  if (effects_.emplace(effect.key, stored).second) tx.effects.push_back(stored);
}

void Engine::AddAudit(Transaction& tx, const std::string& actor, const std::string& action,
                      const std::string& details, const TenantId& tenant,
                      const ComponentId& component) {
  tx.audit.push_back({tenant, {}, component, {actor, action, details}, ports_.clock.Now()});
}

void Engine::AddAlert(Transaction& tx, const Alert& alert) {
  tx.alerts.push_back(alert);
  tx.system = system_;
  AddEffect({.key = EffectKey(NextId("alert") + "/notify/1"),
             .kind = EffectKind::kNotify,
             .subject = alert.improvement.value,
             .payload = ToText(ToJson(alert))},
            tx);
  tx.system = system_;
}

Status Engine::Commit(Transaction& tx) {
  if (broken_)
    return Fail(ErrorCode::kInternal, "the state store failed before; restart is needed");
  if (const auto written = ports_.store.Commit(tx); !written) {
    broken_ = true;
    return std::unexpected(written.error().Within("persist state"));
  }
  for (const EffectKey& key : tx.effects_done) effects_.erase(key);
  for (const auto& timer : tx.timers_cleared) timers_.erase(timer);
  for (const auto& timer : tx.timers_set) timers_[{timer.subject, timer.kind}] = timer.wake_at;
  return {};
}

// Starts every effect that waits and may run. Before its first start and after a restart it is
// written down that it starts; a generation reserves its money in the same transaction.
Status Engine::StartPending() {
  std::vector<EffectKey> keys;
  for (const auto& [key, stored] : effects_) {
    // A deployment that was started before may have left its version in place.
    const bool begun = stored.effect.kind == EffectKind::kDeploy && stored.attempts > 1;
    const bool allowed = !system_.stopped || cycle::RunsWhileStopped(stored.effect.kind) || begun;
    if (allowed && !running_.contains(key) && !held_.contains(key)) keys.push_back(key);
  }
  Transaction tx;
  for (const EffectKey& key : keys) {
    StoredEffect& stored = effects_.at(key);
    if (stored.attempts == 0) {
      stored.attempts = 1;
      tx.effects.push_back(stored);
    }
  }
  if (!tx.effects.empty()) TRY_STATUS(Commit(tx));
  for (const EffectKey& key : keys) StartEffect(effects_.at(key));
  return {};
}

void Engine::StartEffect(const StoredEffect& stored) {
  const Effect& effect = stored.effect;
  EffectJob job{.effect = effect};
  if (effect.kind == EffectKind::kAnalyse) {
    const auto at = cycles_.find(CycleId(effect.subject));
    if (at != cycles_.end()) job.cycle = at->second;
  }
  const auto at = improvements_.find(ImprovementId(effect.subject));
  if (at != improvements_.end()) {
    job.improvement = at->second;
    const auto component = components_.find(at->second.opportunity.component);
    if (component != components_.end()) job.component_changed_at = component->second.changed_at;
    if (auto change = ports_.store.LoadChange(at->first)) job.change = std::move(*change);
  }
  if (effect.kind == EffectKind::kGenerate) {
    const std::string day = DayOf(ports_.clock.Now());
    const double bound = config_.generation_cost_bound_usd;
    const auto reserved = ports_.store.ReservedOn(day);
    if (bound <= 0) {
      job.may_spend = MaySpend::kYes;
    } else if (reserved && *reserved + bound <= config_.daily_budget_usd) {
      Transaction tx;
      tx.reservations.push_back({ReservationKey(stored), day, bound});
      if (!Commit(tx)) return;
      job.may_spend = MaySpend::kYes;
    }
  }
  if (!cycle::RunsWhileStopped(effect.kind)) {
    job.hold = [this] { return stopped_.load(); };
  }
  running_.insert(effect.key);
  ports_.runner.Start(std::move(job));
}

// --- Admission and the end of cycles ------------------------------------------------------------

Status Engine::Settle() {
  bool changed = true;
  while (changed) {
    changed = false;
    TRY_STATUS(SettleOnce(changed));
  }
  return EndCycles();
}

Status Engine::SettleOnce(bool& changed) {
  if (system_.stopped) return {};
  std::vector<const Improvement*> all;
  for (const auto& [id, improvement] : improvements_) {
    // Deployments wait until the rollback was rehearsed on their component.
    const auto component = components_.find(improvement.opportunity.component);
    const bool rehearsed = component != components_.end() && component->second.rehearsed_at;
    const bool waits = improvement.status == ImprovementStatus::kAwaitingApproval && !rehearsed;
    if (!waits) all.push_back(&improvement);
  }
  const auto admission = cycle::NextAdmission(all, components_, config_.limits);
  if (!admission) return {};
  cycle::ImprovementEvent event = cycle::Admitted{};
  if (admission->kind == cycle::AdmissionKind::kDeploy) event = cycle::DeployAdmitted{};
  if (admission->kind == cycle::AdmissionKind::kSuperseded) event = cycle::SupersededByOwn{};
  changed = true;
  return Apply(admission->id, event, "admission", std::nullopt);
}

Status Engine::EndCycles() {
  std::vector<CycleId> settled;
  for (const auto& [id, cycle] : cycles_) {
    if (cycle.status != CycleStatus::kImproving) continue;
    const bool all = std::ranges::all_of(cycle.improvements, [&](const ImprovementId& improvement) {
      const auto at = improvements_.find(improvement);
      if (at == improvements_.end() || cycle::IsSettled(at->second)) return true;
      // What waits for a frozen or unrehearsed component waits for a person.
      const bool waiting = at->second.status == ImprovementStatus::kQueued ||
                           at->second.status == ImprovementStatus::kAwaitingApproval;
      const auto component = components_.find(at->second.opportunity.component);
      if (!waiting || component == components_.end()) return false;
      const bool unrehearsed = at->second.status == ImprovementStatus::kAwaitingApproval &&
                               !component->second.rehearsed_at;
      return component->second.frozen || unrehearsed;
    });
    if (all) settled.push_back(id);
  }
  for (const CycleId& id : settled) {
    const auto done = cycle::AdvanceCycle(cycles_.at(id), cycle::AllSettled{}, ports_.clock.Now());
    CHECK(done.has_value(), "only improving cycles are settled");
    Transaction tx;
    tx.cycles.push_back(*done);
    AddAudit(tx, "ratchet", "cycle.completed",
             ToText(Json{{"cycle_id", id.value},
                         {"duration_seconds", Seconds(*done->end_time - done->start_time)}}),
             done->tenant);
    TRY_STATUS(Commit(tx));
    cycles_.erase(id);
  }
  // What has ended is in the store; memory holds only what can still move.
  std::erase_if(improvements_, [&](const auto& entry) {
    const bool referenced = std::ranges::any_of(
        cycles_, [&](const auto& cycle) { return cycle.second.id == entry.second.cycle; });
    return IsTerminal(entry.second.status) && !referenced;
  });
  return {};
}

std::string Engine::NextId(std::string_view prefix) {
  return fmt::format("{}-{:06}", prefix, system_.next_id++);
}

}  // namespace ratchet
