// What the world says: answers of effects, and timers that are due.

#include "engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "core/cycle/endings.h"
#include "core/cycle/schedule.h"
#include "core/model/names.h"
#include "core/model/serialize.h"

namespace ratchet {
namespace {

using cycle::EffectKind;
using cycle::TimerKind;
using Json = nlohmann::json;

}  // namespace

Status Engine::OnAnswer(const EffectKey& key, std::uint64_t start, const Answer& answer) {
  const auto running = running_.find(key);
  if (running == running_.end() || running->second != start) return {};
  running_.erase(running);
  const auto at = effects_.find(key);
  if (at == effects_.end()) return {};
  const std::string subject = at->second.effect.subject;
  if (const auto* held = std::get_if<Held>(&answer)) {
    if (system_.stopped) held_.insert(key);  // `resume` may have come in between
    if (held->spent == Spent::kYes) {
      ++at->second.attempts;
      Transaction tx;
      tx.effects.push_back(at->second);
      TRY_STATUS(Commit(tx));
    }
    return StartPending();
  }
  if (const auto* found = std::get_if<Result<AnalysisFound>>(&answer)) {
    TRY_STATUS(OnAnalysis(key, *found, subject));
  } else if (const auto* rehearsed = std::get_if<Rehearsed>(&answer)) {
    TRY_STATUS(OnRehearsed(key, rehearsed->result, subject));
  } else if (const auto* inspected = std::get_if<Inspected>(&answer)) {
    TRY_STATUS(OnInspected(key, inspected->seen, ComponentId(subject)));
  } else if (const auto* delivered = std::get_if<Delivered>(&answer)) {
    TRY_STATUS(OnDelivered(key, delivered->result));
  } else {
    Status applied;
    if (const auto* of_watch = std::get_if<cycle::WatchEvent>(&answer)) {
      applied = Apply(std::pair(WatchId(subject), *of_watch), key);
    } else {
      const ImprovementId id(subject);
      applied =
          Apply(std::pair(id, UnlessForbidden(id, std::get<cycle::ImprovementEvent>(answer))), key);
    }
    if (broken_) return applied;  // an event that no longer fits is no failure of the engine
  }
  return Settle();
}

cycle::ImprovementEvent Engine::UnlessForbidden(const ImprovementId& id,
                                                cycle::ImprovementEvent event) {
  const auto* generated = std::get_if<cycle::Generated>(&event);
  const auto at = improvements_.find(id);
  if (generated == nullptr || at == improvements_.end()) return event;
  Improvement improvement = at->second;
  improvement.tree_before = generated->tree_before;
  improvement.tree_after = generated->tree_after;
  const std::string why = ForbiddenWhy(improvement);
  if (why.empty()) return event;
  return cycle::GenerationFailed{.reason = why,
                                 .end = EndReason::kTriedBefore,
                                 .tokens = generated->tokens,
                                 .cost_usd = generated->cost_usd};
}

// A release by others between two improvements is a new start: what is compared with it may not
// reach back beyond it, and what we kept before does not count any more.
void Engine::NoticeRelease(const Improvement& improvement, Instant asked, Transaction& tx) {
  TargetState& target = TargetOf(improvement.target);
  const bool busy = IsBusy(target.target.component);
  const bool known =
      target.expected_version.empty() || target.expected_version == improvement.tree_before;
  // What was read before our own last deed says nothing of others.
  const bool outdated = target.changed_at && *target.changed_at >= asked;
  if (busy || known || outdated) return;
  AddAudit(tx, "ratchet", "component.changed_by_others",
           ToText(Json{{"previous_version", target.expected_version},
                       {"new_version", improvement.tree_before}}),
           improvement.opportunity.tenant, target.target.component);
  target.expected_version = improvement.tree_before;
  target.changed_at = ports_.clock.Now();
  target.losses_kept = 0;
  tx.targets.push_back(target);
}

Status Engine::OnAnalysis(const EffectKey& key, const Result<AnalysisFound>& found,
                          const std::string& subject) {
  Transaction tx;
  tx.effects_done.push_back(key);
  const auto at = cycles_.find(CycleId(subject));
  // An answer that no longer fits changes nothing, like everywhere.
  if (at == cycles_.end() || at->second.status != CycleStatus::kAnalysing) return Commit(tx);
  const Instant now = ports_.clock.Now();
  if (!found) {
    const auto failed =
        cycle::AdvanceCycle(at->second, cycle::AnalysisFailed{found.error().message}, now);
    if (!failed) return Commit(tx);
    tx.cycles.push_back(*failed);
    AddAudit(tx, "ratchet", "cycle.failed",
             ToText(Json{{"cycle_id", subject}, {"reason", found.error().message}}),
             failed->tenant);
    AddReport(failed->id, "end", tx);
    cycles_.erase(at);
    return Commit(tx);
  }
  tx.insights = found->insights;
  tx.opportunities = found->opportunities;
  const std::vector<ImprovementId> chosen = ChooseWork(at->second, found->opportunities, tx);
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

// The opportunities that become improvements, in the order of their priority.
std::vector<ImprovementId> Engine::ChooseWork(const Cycle& cycle,
                                              std::vector<Opportunity> opportunities,
                                              Transaction& tx) {
  constexpr Duration kLately{7 * 86'400'000};
  const Instant now = ports_.clock.Now();
  if (const auto lately = ports_.reader.OutcomesSince(now - kLately))
    cycle::StandBack(opportunities, *lately);
  const size_t capacity = static_cast<size_t>(
      std::max(0, config_.limits.concurrent_max - static_cast<int>(improvements_.size())));
  std::vector<ImprovementId> chosen;
  for (const Opportunity& opportunity : opportunities) {
    if (static_cast<int>(chosen.size()) >= cycle.max_improvements) break;
    if (opportunity.level == Level::kLow || !Wanted(opportunity)) continue;
    if (!OfItsTenant(opportunity, tx)) continue;
    if (opportunity.level == Level::kMedium && chosen.size() >= capacity) continue;
    Improvement improvement;
    improvement.id = ImprovementId(NextId("imp"));
    improvement.cycle = cycle.id;
    improvement.opportunity = opportunity;
    improvement.target = config_.components.at(opportunity.component).TargetFor(opportunity.tenant);
    improvement.priority = cycle.priority;
    improvement.created_at = improvement.changed_at = now;
    chosen.push_back(improvement.id);
    tx.improvements.push_back(improvement);
    improvements_.emplace(improvement.id, std::move(improvement));
  }
  return chosen;
}

// Telemetry says of itself whose it is: nobody gets at another tenant's code by saying so.
bool Engine::OfItsTenant(const Opportunity& opportunity, Transaction& tx) {
  const ComponentConfig& component = config_.components.at(opportunity.component);
  if (BelongsTo(component, opportunity.tenant)) return true;
  const std::string why = fmt::format("the telemetry is of tenant \"{}\", the component of \"{}\"",
                                      opportunity.tenant.value, component.tenants.front().value);
  AddAudit(tx, "ratchet", "opportunity.refused",
           ToText(Json{{"operation", opportunity.operation}, {"reason", why}}),
           component.tenants.front(), component.id);
  return false;
}

// Whether an opportunity may become an improvement at all.
bool Engine::Wanted(const Opportunity& opportunity) const {
  const auto component = config_.components.find(opportunity.component);
  if (component == config_.components.end()) return false;
  if (component->second.autonomy == Autonomy::kObserve) return false;
  const auto tenant = config_.tenants.find(opportunity.tenant);
  if (tenant != config_.tenants.end() && !tenant->second.enabled) return false;
  const auto state = targets_.find(component->second.TargetFor(opportunity.tenant));
  if (state != targets_.end() && state->second.frozen) return false;
  return std::ranges::none_of(improvements_, [&](const auto& entry) {
    const Opportunity& other = entry.second.opportunity;
    return other.component == opportunity.component && other.operation == opportunity.operation &&
           other.kind == opportunity.kind && other.tenant == opportunity.tenant;
  });
}

std::optional<TargetKey> Engine::TargetNamed(const std::string& name) const {
  for (const auto& [key, state] : targets_)
    if (Name(key) == name) return key;
  return std::nullopt;
}

Status Engine::OnRehearsed(const EffectKey& key, const Status& result, const std::string& subject) {
  Transaction tx;
  tx.effects_done.push_back(key);
  const auto known = TargetNamed(subject);
  if (!known) return Commit(tx);
  TargetState& component = targets_.at(*known);
  if (result) {
    component.rehearsed_at = ports_.clock.Now();
    component.rehearsal_error.clear();
    component.rehearsals_failed = 0;
  } else {
    component.rehearsal_error = result.error().message;
    if (component.rehearsals_failed == 0) {
      AddAlert(tx, {.severity = AlertSeverity::kHigh,
                    .component = component.target.component,
                    .title = "the rollback cannot be rehearsed",
                    .text = fmt::format("nothing is deployed to {} until it can: {}", subject,
                                        component.rehearsal_error),
                    .at = ports_.clock.Now()});
    }
    constexpr Duration kFirst{60'000}, kLongest{3'600'000};
    const Duration again =
        std::min(kLongest, kFirst * (1 << std::min(component.rehearsals_failed, 10)));
    ++component.rehearsals_failed;
    tx.timers_set.push_back({subject, TimerKind::kRehearsal, ports_.clock.Now() + again});
  }
  tx.targets.push_back(component);
  AddAudit(tx, "ratchet", result ? "component.rehearsed" : "component.rehearsal_failed",
           ToText(Json{{"error", component.rehearsal_error}}), {}, component.target.component);
  return Commit(tx);
}

void Engine::AskInspection(const ComponentId& id, Transaction& tx) {
  if (!config_.components.contains(id)) return;
  AddEffect({.key = EffectKey(id.value + "/inspect/1"),
             .kind = EffectKind::kInspect,
             .subject = id.value},
            tx);
}

Status Engine::OnInspected(const EffectKey& key, const Result<SeenVersion>& seen,
                           const ComponentId& id) {
  Transaction tx;
  tx.effects_done.push_back(key);
  tx.timers_set.push_back(
      {id.value, TimerKind::kInspection, ports_.clock.Now() + config_.inspection});
  for (auto& [target, state] : targets_)
    if (target.component == id) Notice(state, seen, tx);
  return Commit(tx);
}

// A component whose source cannot be read is told of once, and once more when it is back; the
// others go on.
void Engine::Notice(TargetState& target, const Result<SeenVersion>& seen, Transaction& tx) {
  const std::string unavailable = seen ? "" : seen.error().message;
  const bool other = seen && (!target.seen || target.seen->version != seen->version);
  const bool turned = unavailable.empty() != target.unavailable.empty();
  if (!other && !turned) return;
  if (other) target.seen = *seen;
  target.unavailable = unavailable;
  tx.targets.push_back(target);
  if (!turned) return;
  const std::string name = Name(target.target);
  AddAudit(tx, "ratchet", seen ? "component.available" : "component.unavailable",
           ToText(Json{{"target", name}, {"reason", unavailable}}), {}, target.target.component);
  AddAlert(tx, {.severity = seen ? AlertSeverity::kInfo : AlertSeverity::kHigh,
                .component = target.target.component,
                .title = seen ? "component available again" : "component unavailable",
                .text = seen ? name + " can be read again"
                             : fmt::format("{} cannot be read, nothing is changed in it: {}", name,
                                           unavailable),
                .at = ports_.clock.Now()});
}

// What cannot be delivered is tried again, ever more seldom, for about two days.
Status Engine::OnDelivered(const EffectKey& key, const Status& result) {
  Transaction tx;
  StoredEffect& stored = effects_.at(key);
  constexpr int kTriesMax = 60;
  if (result || stored.attempts >= kTriesMax) {
    tx.effects_done.push_back(key);
  } else {
    constexpr Duration kFirst{5'000}, kLongest{3'600'000};
    const Duration again = std::min(kLongest, kFirst * (1 << std::min(stored.attempts, 10)));
    ++stored.attempts;
    tx.effects.push_back(stored);
    tx.timers_set.push_back({key.value, TimerKind::kDelivery, ports_.clock.Now() + again});
  }
  const bool told = stored.attempts > 2 && stored.attempts < kTriesMax;
  if (!result && !told) {
    const bool report = stored.effect.kind == EffectKind::kPublish;
    AddAudit(tx, "ratchet", report ? "report.unpublished" : "alert.undelivered",
             ToText(Json{{"effect", key.value},
                         {"error", result.error().message},
                         {"tried_again", stored.attempts < kTriesMax}}));
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
      // With the timer in one transaction: a run is neither lost nor made twice by a crash.
      const Principal schedule{.name = "schedule", .role = Role::kOperator};
      const auto started = AddCycle({.trigger = Trigger::kScheduled}, schedule, tx);
      if (!started) {
        AddAudit(tx, "schedule", "cycle.refused",
                 ToText(Json{{"reason", started.error().message}}));
      }
      TRY_STATUS(Commit(tx));
      TRY_STATUS(StartPending());
      continue;
    }
    if (kind == TimerKind::kRetention) {
      constexpr Duration kDay{86'400'000};
      tx.forget_before = now - config_.retention;
      tx.timers_set.push_back({subject, kind, now + kDay});
    }
    // A timer that no longer fits is only cleared.
    if (watches_.contains(WatchId(subject))) {
      (void)Advance(WatchId(subject), cycle::TimerFired{kind}, tx);
    } else if (improvements_.contains(ImprovementId(subject))) {
      (void)Advance(ImprovementId(subject), cycle::TimerFired{kind}, tx);
    } else if (kind == TimerKind::kInspection) {
      AskInspection(ComponentId(subject), tx);
    } else if (const auto target = TargetNamed(subject); target && kind == TimerKind::kRehearsal) {
      AskRehearsal(*target, tx);
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

}  // namespace ratchet
