// One event, and everything that follows from it, in one transaction: an improvement opens a
// watch, a watch tells its improvement what became of it.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "core/model/names.h"
#include "core/model/serialize.h"
#include "engine/engine.h"

namespace ratchet {
namespace {

using cycle::EffectKind;
using Json = nlohmann::json;

// The watch of an improvement has its number: one finds the other without looking.
WatchId WatchOf(const ImprovementId& id) {
  return WatchId("watch-" + id.value.substr(id.value.find('-') + 1));
}

}  // namespace

Status Engine::Apply(const Happening& first, const std::optional<EffectKey>& answered) {
  Transaction tx;
  const Status outcome = std::visit(
      [&](const auto& happening) { return Advance(happening.first, happening.second, tx); }, first);
  if (!outcome && !answered) return outcome;
  if (answered) {
    const StoredEffect& stored = effects_.at(*answered);
    if (stored.effect.kind == EffectKind::kGenerate && config_.daily_budget_usd > 0) {
      double cost = 0;
      const auto* of_improvement = std::get_if<0>(&first);
      CHECK(of_improvement != nullptr, "changes are written for improvements");
      const cycle::ImprovementEvent& event = of_improvement->second;
      if (const auto* done = std::get_if<cycle::Generated>(&event)) cost = done->cost_usd;
      if (const auto* failed = std::get_if<cycle::GenerationFailed>(&event))
        cost = failed->cost_usd;
      tx.reservations.push_back({ReservationKey(stored), "", cost});
    }
    tx.effects_done.push_back(*answered);
  }
  TRY_STATUS(Commit(tx));
  TRY_STATUS(StartPending());
  return outcome;
}

Status Engine::Advance(const ImprovementId& id, const cycle::ImprovementEvent& event,
                       Transaction& tx) {
  const auto at = improvements_.find(id);
  if (at == improvements_.end())
    return Fail(ErrorCode::kConflict, fmt::format("improvement {} has ended", id.value));
  const Instant asked = at->second.changed_at;
  TRY(const cycle::ImprovementStep step,
      cycle::Advance(at->second, event, PolicyFor(at->second), ports_.clock.Now()));
  Record(step, tx);
  if (std::holds_alternative<cycle::Generated>(event)) NoticeRelease(step.state, asked, tx);
  return {};
}

Status Engine::Advance(const WatchId& id, const cycle::WatchEvent& event, Transaction& tx) {
  const auto at = watches_.find(id);
  if (at == watches_.end())
    return Fail(ErrorCode::kConflict, fmt::format("watch {} has ended", id.value));
  TRY(const cycle::WatchStep step, cycle::AdvanceWatch(at->second, event, ports_.clock.Now()));
  Record(step, tx);
  return {};
}

// Everything a step asks for goes into one transaction with the new state.
void Engine::Record(const cycle::ImprovementStep& step, Transaction& tx) {
  const Improvement& state = step.state;
  improvements_[state.id] = state;
  if (step.change) tx.changes.emplace_back(state.id, *step.change);
  for (const cycle::Effect& effect : step.effects) AddEffect(effect, tx);
  for (const cycle::TimerKind kind : step.timers_cleared)
    tx.timers_cleared.emplace_back(state.id.value, kind);
  for (const auto& timer : step.timers_set) tx.timers_set.push_back(timer);
  for (const auto& draft : step.audit) {
    tx.audit.push_back({state.opportunity.tenant, state.id, state.opportunity.component, draft,
                        ports_.clock.Now()});
  }
  for (const Alert& alert : step.alerts) AddAlert(tx, alert);
  if (step.watch) OpenWatch(*step.watch, tx);
  // A watch ends after its cycle: the report is issued anew.
  if (IsTerminal(state.status) && !cycles_.contains(state.cycle))
    AddReport(state.cycle, fmt::format("{}-{}", state.id.value, Name(state.status)), tx);
  if (step.outcome) tx.outcomes.push_back(*step.outcome);
  tx.improvements.push_back(improvements_.at(state.id));
}

void Engine::OpenWatch(Watch watch, Transaction& tx) {
  watch.id = WatchOf(watch.improvement);
  watch.component = config_.components.at(watch.target.component);
  watch.fence = TargetOf(watch.target).fence;
  improvements_.at(watch.improvement).watch = watch.id;
  Record(cycle::OpenWatch(watch, ports_.clock.Now()), tx);
}

void Engine::Record(const cycle::WatchStep& step, Transaction& tx) {
  const Watch& state = step.state;
  watches_[state.id] = state;
  tx.watches.push_back(state);
  if (step.look) tx.looks.push_back({state.id, state.looks_taken, step.look_step, *step.look});
  for (const cycle::Effect& effect : step.effects) AddEffect(effect, tx);
  for (const cycle::TimerKind kind : step.timers_cleared)
    tx.timers_cleared.emplace_back(state.id.value, kind);
  for (const auto& timer : step.timers_set) tx.timers_set.push_back(timer);
  for (const auto& draft : step.audit) {
    tx.audit.push_back(
        {state.tenant, state.improvement, state.target.component, draft, ports_.clock.Now()});
  }
  for (const Alert& alert : step.alerts) AddAlert(tx, alert);
  RecordTarget(step, tx);
  if (step.signal && !state.improvement.empty()) Follow(state.improvement, *step.signal, tx);
}

void Engine::RecordTarget(const cycle::WatchStep& step, Transaction& tx) {
  const Watch& watch = step.state;
  TargetState& target = TargetOf(watch.target);
  target.watch = IsOpen(watch) ? watch.id : WatchId();
  target.fence = watch.fence;
  if (step.expected_version) {
    target.expected_version = *step.expected_version;
    target.changed_at = ports_.clock.Now();
  }
  target.losses_kept = std::max(0.0, target.losses_kept + step.loss_kept);
  if (step.freeze) {
    target.frozen = true;
    target.frozen_reason = *step.freeze;
    AddAudit(tx, "ratchet", "component.frozen", ToText(Json{{"reason", *step.freeze}}),
             watch.tenant, watch.target.component);
  }
  tx.targets.push_back(target);
}

// A watch goes on whatever its improvement says: undoing must not hang on anything.
void Engine::Follow(const ImprovementId& id, const cycle::WatchSignal& signal, Transaction& tx) {
  const auto event = std::visit([](const auto& s) { return cycle::ImprovementEvent(s); }, signal);
  const Status followed = Advance(id, event, tx);
  if (followed) return;
  AddAudit(tx, "ratchet", "improvement.out_of_step",
           ToText(Json{{"improvement", id.value}, {"reason", followed.error().message}}));
}

TargetState& Engine::TargetOf(const TargetKey& key) {
  TargetState& target = targets_[key];
  target.target = key;
  return target;
}

bool Engine::IsBusy(const ComponentId& component) const {
  const auto occupies = [&](const auto& entry) {
    return OccupiesComponent(entry.second.status) &&
           entry.second.opportunity.component == component;
  };
  const auto watched = [&](const auto& entry) {
    return IsOpen(entry.second) && entry.second.target.component == component;
  };
  return std::ranges::any_of(improvements_, occupies) || std::ranges::any_of(watches_, watched);
}

}  // namespace ratchet
