#include "engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/cycle/endings.h"
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
const std::string kRetentionSubject = "retention";

// What a rehearsal proves something about.
std::string RehearsedSettings(const ComponentConfig& c) {
  return Sha256Hex(
      fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", c.root, static_cast<int>(c.reload.kind),
                  c.reload.url, c.reload.pid_file, c.reload.signal, Join(c.reload.command, "\n"),
                  static_cast<int>(c.proof.kind), c.proof.url, c.proof.pointer, c.health_url));
}

}  // namespace

bool BelongsTo(const ComponentConfig& component, const TenantId& tenant) {
  return component.reach() == Reach::kSystemWide || component.tenants.empty() ||
         std::ranges::find(component.tenants, tenant) != component.tenants.end();
}

namespace {

std::vector<TargetKey> TargetsOf(const ComponentConfig& component) {
  if (component.scope == TargetScope::kComponent) return {{component.id, {}}};
  std::vector<TargetKey> targets;
  for (const TenantId& tenant : component.tenants) targets.push_back({component.id, tenant});
  return targets;
}

}  // namespace

std::string Engine::ReservationKey(const StoredEffect& stored) {
  return fmt::format("{}#{}", stored.effect.key.value, stored.attempts);
}

std::string DayOf(Instant now) { return FormatInstant(now).substr(0, 10); }

Result<std::unique_ptr<Engine>> Engine::Open(const EngineConfig& config, Ports ports) {
  std::unique_ptr<Engine> engine(new Engine(config, ports));
  TRY(PersistedState state, ports.writer.Load());
  TRY_STATUS(CheckLoaded(state));
  engine->system_ = state.system;
  engine->stopped_ = state.system.stopped;
  for (auto& cycle : state.cycles) engine->cycles_.emplace(cycle.id, std::move(cycle));
  for (auto& improvement : state.improvements) {
    engine->improvements_.emplace(improvement.id, std::move(improvement));
  }
  for (auto& watch : state.watches) engine->watches_.emplace(watch.id, std::move(watch));
  for (auto& target : state.targets) engine->targets_.emplace(target.target, std::move(target));
  for (auto& stored : state.effects) engine->effects_.emplace(stored.effect.key, std::move(stored));
  for (const auto& timer : state.timers) {
    engine->timers_[{timer.subject, timer.kind}] = timer.wake_at;
  }
  TRY_STATUS(engine->Recover());
  return engine;
}

// What is read back is not believed: a state that breaks its own rules is told, not acted on.
Status Engine::CheckLoaded(const PersistedState& state) {
  const auto refuse = [](const std::string& what, const std::string& broken) {
    return Fail(ErrorCode::kDataLoss, fmt::format("stored {}: {}", what, broken));
  };
  std::map<TargetKey, WatchId> watched;
  for (const Watch& watch : state.watches) {
    if (const auto broken = cycle::BrokenInvariant(watch); !broken.empty())
      return refuse(watch.id.value, broken);
    const auto [other, first] = watched.emplace(watch.target, watch.id);
    if (!first) return refuse(watch.id.value, other->second.value + " watches its target, too");
  }
  for (const Improvement& improvement : state.improvements) {
    if (const auto broken = cycle::BrokenInvariant(improvement); !broken.empty())
      return refuse(improvement.id.value, broken);
    const bool follows =
        improvement.watch.empty() ||
        std::ranges::find(state.watches, improvement.watch, &Watch::id) != state.watches.end();
    if (!follows) return refuse(improvement.id.value, "its watch is not there");
  }
  return {};
}

// A watch that an older version opened has neither policy nor mechanics of its own.
void Engine::AdoptWatches(Transaction& tx) {
  for (auto& [id, watch] : watches_) {
    if (!watch.component.id.empty()) continue;
    const auto component = config_.components.find(watch.target.component);
    const auto improvement = improvements_.find(watch.improvement);
    if (component == config_.components.end() || improvement == improvements_.end()) continue;
    const cycle::ImprovementPolicy policy = PolicyFor(improvement->second);
    watch.policy = {policy.judge, policy.rollback_tries_before_freeze, policy.rollback_retry,
                    policy.rollback_retry_frozen};
    watch.component = component->second;
    tx.watches.push_back(watch);
  }
}

// Registers new components, plans the schedule, and starts what was not answered. An effect that
// may have run before is counted: a generation that may have cost money gets a new reservation.
Status Engine::Recover() {
  Transaction tx;
  AdoptWatches(tx);
  for (const auto& [id, config] : config_.components) {
    for (const TargetKey& key : TargetsOf(config)) {
      TargetState& state = TargetOf(key);
      // A rehearsal speaks for the settings it was made with.
      if (const std::string settings = RehearsedSettings(config);
          state.rehearsed_settings != settings) {
        state.rehearsed_at.reset();
        state.rehearsed_settings = settings;
      }
      state.rehearsals_failed = 0;  // a person may have mended what was wrong
      if (!state.rehearsed_at) AskRehearsal(key, tx);
      tx.targets.push_back(state);
    }
  }
  if (config_.schedule.enabled && config_.self_building) {
    const Instant due =
        cycle::NextScheduledRun(config_.schedule.start_time, config_.schedule.interval,
                                system_.last_scheduled, ports_.clock.Now());
    tx.timers_set.push_back({kScheduleSubject, TimerKind::kSchedule, due});
  } else {
    tx.timers_cleared.emplace_back(kScheduleSubject, TimerKind::kSchedule);
  }
  for (const auto& [id, config] : config_.components) AskInspection(id, tx);
  if (!timers_.contains({kRetentionSubject, TimerKind::kRetention}))
    tx.timers_set.push_back({kRetentionSubject, TimerKind::kRetention, ports_.clock.Now()});
  AddAudit(tx, "ratchet", "system.started", ToText(Json{{"stopped", system_.stopped}}));
  for (auto& [key, stored] : effects_) {
    if (stored.attempts == 0) continue;
    ++stored.attempts;
    tx.effects.push_back(stored);
  }
  TRY_STATUS(Commit(tx));
  TRY_STATUS(EndMisfits());
  TRY_STATUS(StartPending());
  return Settle();
}

std::string Engine::Misfit(const Improvement& improvement) const {
  const Opportunity& of = improvement.opportunity;
  const auto at = config_.components.find(of.component);
  if (at == config_.components.end())
    return fmt::format("component {} is not configured any more", of.component.value);
  const ComponentConfig& component = at->second;
  if (component.reach() != of.reach)
    return fmt::format("component {} is {} now, the change was made for a {} one",
                       of.component.value, Name(component.reach()), Name(of.reach));
  if (component.TargetFor(of.tenant) != improvement.target)
    return fmt::format("component {} has other targets now", of.component.value);
  if (!BelongsTo(component, of.tenant))
    return fmt::format("component {} is not of tenant {} any more", of.component.value,
                       of.tenant.value);
  return "";
}

// What is watched goes on by what was stored with it. What was not deployed yet was made and
// approved for a configuration that is gone; what may have been is undone.
Status Engine::EndMisfits() {
  std::vector<std::pair<Improvement, std::string>> misfits;
  for (const auto& [id, improvement] : improvements_) {
    if (IsTerminal(improvement.status)) continue;
    if (std::string why = Misfit(improvement); !why.empty())
      misfits.emplace_back(improvement, std::move(why));
  }
  for (const auto& [improvement, why] : misfits) {
    if (improvement.watch.empty()) {
      TRY_STATUS(Apply(std::pair(improvement.id, cycle::Outdated{why}), std::nullopt));
      continue;
    }
    const auto asked = std::ranges::find_if(effects_, [&](const auto& entry) {
      const Effect& effect = entry.second.effect;
      return effect.kind == EffectKind::kDeploy && effect.subject == improvement.watch.value;
    });
    if (asked == effects_.end()) continue;
    const EffectKey key = asked->first;
    TRY_STATUS(Apply(std::pair(improvement.watch, cycle::Withdrawn{why}), key));
  }
  return {};
}

// Only components that may be deployed to are touched at all.
void Engine::AskRehearsal(const TargetKey& target, Transaction& tx) {
  const auto config = config_.components.find(target.component);
  if (config == config_.components.end() || config->second.autonomy < Autonomy::kApprove) return;
  const std::string subject = Name(target);
  const auto key = EffectKey(fmt::format("{}/rehearse/{}", subject, ToMillis(ports_.clock.Now())));
  const bool asked = std::ranges::any_of(effects_, [&](const auto& entry) {
    return entry.second.effect.kind == EffectKind::kRehearse &&
           entry.second.effect.subject == subject;
  });
  if (!asked) AddEffect({.key = key, .kind = EffectKind::kRehearse, .subject = subject}, tx);
}

cycle::ImprovementPolicy Engine::PolicyFor(const Improvement& improvement) const {
  cycle::ImprovementPolicy policy = config_.policy;
  const auto component = config_.components.find(improvement.opportunity.component);
  if (component != config_.components.end()) {
    policy.autonomy = component->second.autonomy;
    policy.canary = component->second.canary;
  }
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
  // Half of the threshold, over all that is kept between two releases of others, is left for what
  // is hardly a loss: requests that no longer fail at once make the p95 higher by themselves.
  const auto known = targets_.find(improvement.target);
  const double lost = known == targets_.end() ? 0 : known->second.losses_kept;
  policy.judge.loss_max = std::max(0.0, policy.judge.degradation_threshold / 2 - lost);
  return policy;
}

// --- Persisting and performing ------------------------------------------------------------------

void Engine::AddEffect(const Effect& effect, Transaction& tx) {
  const StoredEffect stored{effect, 0};
  if (effects_.emplace(effect.key, stored).second) tx.effects.push_back(stored);
}

void Engine::AddReport(const CycleId& cycle, const std::string& occasion, Transaction& tx) {
  AddEffect({.key = EffectKey(fmt::format("{}/publish/{}", cycle.value, occasion)),
             .kind = EffectKind::kPublish,
             .subject = cycle.value},
            tx);
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
  if (const auto written = ports_.writer.Commit(tx); !written) {
    broken_ = true;
    return std::unexpected(written.error().Within("persist state"));
  }
  for (const EffectKey& key : tx.effects_done) effects_.erase(key);
  for (const auto& timer : tx.timers_cleared) timers_.erase(timer);
  for (const auto& timer : tx.timers_set) timers_[{timer.subject, timer.kind}] = timer.wake_at;
  return {};
}

// The component that an effect reads or writes outside; "" for others. The deployer is called for
// one thing at a time on each.
ComponentId Engine::TouchedBy(const Effect& effect) const {
  switch (effect.kind) {
    case EffectKind::kRehearse: {
      const auto target = TargetNamed(effect.subject);
      return target ? target->component : ComponentId();
    }
    case EffectKind::kDeploy:
    case EffectKind::kPromote:
    case EffectKind::kLook:
    case EffectKind::kRollBack: {
      const auto at = watches_.find(WatchId(effect.subject));
      return at == watches_.end() ? ComponentId() : at->second.target.component;
    }
    default:
      return {};
  }
}

bool Engine::MayStart(const StoredEffect& stored) const {
  const Effect& effect = stored.effect;
  if (running_.contains(effect.key) || held_.contains(effect.key)) return false;
  if (timers_.contains({effect.key.value, TimerKind::kDelivery})) return false;
  // A deployment that was started before may have left its version in place.
  const bool begun = effect.kind == EffectKind::kDeploy && stored.attempts > 1;
  return !system_.stopped || cycle::RunsWhileStopped(effect.kind) || begun;
}

// Starts every effect that waits and may run. Before its first start and after a restart it is
// written down that it starts; a generation reserves its money in the same transaction.
Status Engine::StartPending() {
  std::set<ComponentId> touched;
  for (const auto& [key, start] : running_) {
    const auto at = effects_.find(key);
    if (at != effects_.end()) touched.insert(TouchedBy(at->second.effect));
  }
  touched.erase(ComponentId());
  std::vector<EffectKey> keys;
  for (const auto& [key, stored] : effects_) {
    if (!MayStart(stored)) continue;
    const ComponentId component = TouchedBy(stored.effect);
    if (component.empty() || touched.insert(component).second) keys.push_back(key);
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
  EffectJob job{.effect = effect, .begun = stored.attempts > 1};
  if (effect.kind == EffectKind::kAnalyse) {
    const auto at = cycles_.find(CycleId(effect.subject));
    if (at != cycles_.end()) job.cycle = at->second;
    for (const auto& [key, target] : targets_) {
      if (!target.changed_at) continue;
      Instant& changed_at = job.changed_at[key.component];
      changed_at = std::max(changed_at, *target.changed_at);
    }
  }
  if (effect.kind == EffectKind::kPublish) {
    auto account = ReadCycleAccount(ports_.reader, TenantFilter::All(), CycleId(effect.subject));
    if (account) job.account = std::move(*account);
  }
  const auto at = improvements_.find(ImprovementId(effect.subject));
  if (at != improvements_.end()) {
    job.improvement = at->second;
    const auto target = targets_.find(at->second.target);
    if (target != targets_.end()) job.target_changed_at = target->second.changed_at;
    if (auto change = ports_.reader.LoadChange(at->first)) job.change = std::move(*change);
  }
  if (const auto watch = watches_.find(WatchId(effect.subject)); watch != watches_.end()) {
    job.watch = watch->second;
    // By the mechanics of now; where the component is not configured any more, by those of then.
    const auto configured = config_.components.find(watch->second.target.component);
    if (configured != config_.components.end()) job.watch->component = configured->second;
    if (auto change = ports_.reader.LoadChange(watch->second.improvement))
      job.change = std::move(*change);
  }
  if (effect.kind == EffectKind::kRehearse) job.target = TargetNamed(effect.subject);
  if (effect.kind == EffectKind::kGenerate) {
    const std::string day = DayOf(ports_.clock.Now());
    const double bound = config_.generation_cost_bound_usd;
    const auto reserved = ports_.reader.ReservedOn(day, ReservationKey(stored));
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
  for (const auto& [key, target] : targets_)
    if (target.seen) job.seen[key.component] = *target.seen;
  job.start = ++starts_;
  running_[effect.key] = job.start;
  ports_.runner.Start(std::move(job));
}

// --- Admission and the end of cycles ------------------------------------------------------------

Status Engine::Settle() {
  bool changed = true;
  while (changed) {
    changed = false;
    TRY_STATUS(SettleOnce(changed));
  }
  TRY_STATUS(EndCycles());
  return StartPending();
}

std::string Engine::ForbiddenWhy(const Improvement& improvement) {
  const auto outcomes = ports_.reader.OutcomesOf(improvement.opportunity.component,
                                                 improvement.tree_before, improvement.tree_after);
  if (!outcomes) return {};
  const auto before = cycle::ForbiddenBy(*outcomes, improvement);
  if (!before) return {};
  return fmt::format("the same change of the same code was rejected or taken back as {}",
                     before->value);
}

Status Engine::SettleOnce(bool& changed) {
  if (system_.stopped) return {};
  std::vector<const Improvement*> all;
  for (const auto& [id, improvement] : improvements_) {
    // Deployments wait until the rollback was rehearsed on their component.
    const auto target = targets_.find(improvement.target);
    const bool rehearsed = target != targets_.end() && target->second.rehearsed_at;
    const bool waits = improvement.status == ImprovementStatus::kAwaitingApproval && !rehearsed;
    if (!waits) all.push_back(&improvement);
  }
  const auto admission = cycle::NextAdmission(all, targets_, config_.limits);
  if (!admission) return {};
  cycle::ImprovementEvent event = cycle::Admitted{};
  if (admission->kind == cycle::AdmissionKind::kDeploy) {
    const Improvement& approved = improvements_.at(admission->id);
    event = cycle::DeployAdmitted{};
    // Another improvement may have tried the same change while this one waited.
    if (const std::string why = ForbiddenWhy(approved); !why.empty())
      event = cycle::Rejected{.by = "ratchet", .why = why, .end = EndReason::kTriedBefore};
  }
  if (admission->kind == cycle::AdmissionKind::kOutdated) event = cycle::Outdated{};
  changed = true;
  return Apply(std::pair(admission->id, event), std::nullopt);
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
      const auto target = targets_.find(at->second.target);
      if (!waiting || target == targets_.end()) return false;
      const bool unrehearsed =
          at->second.status == ImprovementStatus::kAwaitingApproval && !target->second.rehearsed_at;
      return target->second.frozen || unrehearsed;
    });
    if (all) settled.push_back(id);
  }
  for (const CycleId& id : settled) {
    const auto done = cycle::AdvanceCycle(cycles_.at(id), cycle::AllSettled{}, ports_.clock.Now());
    CHECK(done.has_value(), "only improving cycles are settled");
    const Instant end = done->end_time.value_or(ports_.clock.Now());
    Transaction tx;
    tx.cycles.push_back(*done);
    AddAudit(
        tx, "ratchet", "cycle.completed",
        ToText(Json{{"cycle_id", id.value}, {"duration_seconds", Seconds(end - done->start_time)}}),
        done->tenant);
    AddReport(id, "end", tx);
    TRY_STATUS(Commit(tx));
    cycles_.erase(id);
  }
  // What has ended is in the store; memory holds only what can still move.
  std::erase_if(improvements_, [&](const auto& entry) {
    const bool referenced = std::ranges::any_of(
        cycles_, [&](const auto& cycle) { return cycle.second.id == entry.second.cycle; });
    return IsTerminal(entry.second.status) && !referenced;
  });
  std::erase_if(watches_, [](const auto& entry) { return !IsOpen(entry.second); });
  return {};
}

std::string Engine::NextId(std::string_view prefix) {
  return fmt::format("{}-{:06}", prefix, system_.next_id++);
}

}  // namespace ratchet
