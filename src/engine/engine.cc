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

}  // namespace

std::string Engine::ReservationKey(const StoredEffect& stored) {
  return fmt::format("{}#{}", stored.effect.key.value, stored.attempts);
}

std::string DayOf(Instant now) { return FormatInstant(now).substr(0, 10); }

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
