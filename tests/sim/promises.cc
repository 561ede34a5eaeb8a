#include "tests/sim/promises.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/cycle/watch_advance.h"
#include "core/model/names.h"
#include "core/model/serialize.h"

namespace ratchet::sim {

void Broken(const std::string& text) { throw PromiseBroken(text); }

void Promises::Attend(const Engine& engine, SqliteStateStore& store) {
  engine_ = &engine;
  store_ = &store;
  ended_.clear();
}

void Promises::CheckAfterStep() {
  CheckSlotsAndComponents();
  CheckTrees();
  CheckWatches();
  CheckMoney();
  const auto head = store_->Head();
  if (!head) return;
  if (head->sequence < audit_seen_) Broken("P4: the audit log lost entries");
  audit_seen_ = head->sequence;
}

void Promises::CheckSlotsAndComponents() {
  int slots = 0, emergencies = 0, of_b = 0, emergencies_of_b = 0;
  std::map<ComponentId, int> occupied;
  for (const auto& [id, improvement] : engine_->active()) {
    if (HoldsSlot(improvement.status)) {
      const bool emergency = improvement.priority == Priority::kEmergency;
      ++(emergency ? emergencies : slots);
      if (improvement.opportunity.tenant == TenantId("b")) ++(emergency ? emergencies_of_b : of_b);
    }
    if (OccupiesComponent(improvement.status)) ++occupied[improvement.opportunity.component];
    // What is watched may have been deployed for tenants of then.
    const auto component = config_.components.find(improvement.opportunity.component);
    if (component == config_.components.end() || !improvement.watch.empty()) continue;
    if (component->second.reach() == Reach::kTenant && !IsTerminal(improvement.status) &&
        component->second.tenants.front() != improvement.opportunity.tenant)
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
void Promises::CheckTrees() {
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
        if (component.share < 1)
          Broken(fmt::format("P1: {} was kept before everybody had it", owner->second.value));

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
void Promises::CheckEndings() {
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
    const auto watch = store_->FindWatch(TenantFilter::All(), ended->watch);
    if (!watch) Broken("P2: the watch of " + id.value + " is lost");
    if (component.foreign && component.foreign_since < watch->looks.back().window.end) {
      Broken(fmt::format("P2: {} was kept although its version did not stand", id.value));
    }
  }
  active_before_ = std::move(now_active);
}

void Promises::RememberTakenBack(const Improvement& ended) {
  if (ended.status != ImprovementStatus::kRolledBack || !ForbidsAgain(ended.end)) return;
  const auto change = store_->LoadChange(ended.id);
  if (!change) return;
  const FileChange& file = change->files.at(0);
  world_.taken_back.insert({*file.before, file.after});
}

std::optional<Improvement> Promises::Find(const ImprovementId& id) {
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

// What was promised when a watch began holds to its end, whatever is configured meanwhile.
void Promises::CheckWatches() {
  for (const auto& [id, watch] : engine_->watches()) {
    const auto json = ToJson(watch);
    const std::string policy = json.at("policy").dump() + json.at("steps").dump();
    const auto began = policies_.try_emplace(id, policy).first;
    if (began->second != policy) Broken("P1: the policy of " + id.value + " changed under it");
    if (const auto broken = cycle::BrokenInvariant(watch); !broken.empty())
      Broken(fmt::format("{}: {}", id.value, broken));
    CheckShare(watch);
  }
}

// Nobody is served by it beyond the share that was asked for, and every step lasts its time.
void Promises::CheckShare(const Watch& watch) {
  const SimComponent& component = world_.components.at(watch.target.component);
  auto& [step, since] = steps_[watch.id];
  if (watch.step > step) {
    const CanaryStep& before = watch.steps.at(static_cast<size_t>(step));
    if (watch.step != step + 1 || watch.step_since - since < before.duration)
      Broken(fmt::format("P1: {} was promoted before its step was over", watch.id.value));
  }
  step = watch.step;
  since = watch.step_since;
  const bool stands = World::HashOf(component.serving) == watch.version_after;
  if (!stands || !IsOpen(watch) || watch.status == WatchStatus::kUndoing) return;
  const int asked_for = watch.status == WatchStatus::kPromoting ? watch.step + 1 : watch.step;
  if (component.share > watch.steps.at(static_cast<size_t>(asked_for)).share)
    Broken(fmt::format("P1: {} serves {} of the requests", watch.id.value, component.share));
}

void Promises::CheckMoney() {
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

void Promises::CheckAfterRestart() {
  for (const auto& [id, watch] : engine_->watches()) {
    const auto stored = store_->FindWatch(TenantFilter::All(), id);
    if (!stored || static_cast<int>(stored->looks.size()) != watch.looks_taken)
      Broken("P4: looks of " + id.value + " are lost");
  }
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
  CheckAfterStep();
}

void Promises::CheckAudit() {
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

}  // namespace ratchet::sim
