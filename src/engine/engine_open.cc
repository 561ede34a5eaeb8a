// Opening an engine on what another one left behind, under a configuration that may have changed.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/cycle/schedule.h"
#include "core/model/names.h"
#include "core/model/serialize.h"
#include "engine/engine.h"

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
  targets.reserve(component.tenants.size());
  for (const TenantId& tenant : component.tenants) targets.push_back({component.id, tenant});
  return targets;
}

}  // namespace

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

}  // namespace ratchet
