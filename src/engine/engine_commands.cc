// What people and programs ask of the engine: cycles, approvals, rollbacks, the kill switch.

#include "engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/check.h"
#include "core/model/names.h"
#include "core/model/serialize.h"

namespace ratchet {
namespace {

using cycle::EffectKind;
using Json = nlohmann::json;

}  // namespace

Result<CycleId> Engine::TriggerCycle(const CycleRequest& request, const Principal& who) {
  Transaction tx;
  TRY(CycleId id, AddCycle(request, who, tx));
  TRY_STATUS(Commit(tx));
  TRY_STATUS(StartPending());
  return id;
}

Result<CycleId> Engine::AddCycle(const CycleRequest& request, const Principal& who,
                                 Transaction& tx) {
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
  CycleId id = cycle.id;
  cycles_.emplace(id, std::move(cycle));
  return id;
}

Status Engine::FindVisible(const ImprovementId& id, const Principal& who, Role needed) {
  const auto at = improvements_.find(id);
  if (at != improvements_.end()) {
    const bool own = who.tenants.Allows(at->second.opportunity.tenant);
    if (!own) return Fail(ErrorCode::kNotFound, "no improvement " + id.value);
  } else {
    TRY(const Improvement ended, ports_.reader.FindImprovement(who.tenants, id));
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
  TRY_STATUS(Apply(std::pair(id, cycle::Approved{who.name, who.role}), std::nullopt));
  return Settle();
}

Status Engine::Reject(const ImprovementId& id, const Principal& who, const std::string& why) {
  TRY_STATUS(FindVisible(id, who, Role::kOperator));
  TRY_STATUS(Apply(std::pair(id, cycle::Rejected{who.name, why}), std::nullopt));
  return Settle();
}

Status Engine::RollBack(const ImprovementId& id, const Principal& who) {
  TRY_STATUS(FindVisible(id, who, Role::kOperator));
  if (!improvements_.contains(id)) {
    TRY(Improvement kept, ports_.reader.FindImprovement(who.tenants, id));
    const auto target = targets_.find(kept.target);
    const bool latest =
        target != targets_.end() && target->second.expected_version == kept.tree_after;
    const auto refuse = [&](const std::string& why) {
      return Fail(ErrorCode::kConflict, fmt::format("improvement {} {}", id.value, why));
    };
    if (kept.status != ImprovementStatus::kCompleted)
      return refuse(fmt::format("is {}: nothing of it can be taken back", Name(kept.status)));
    if (!latest) return refuse("is not the latest version of its component any more");
    if (IsBusy(kept.target.component))
      return refuse("cannot be taken back while another one is deployed or watched");
    TRY(Watch watch, ports_.reader.FindWatch(who.tenants, kept.watch));
    watches_.emplace(watch.id, std::move(watch));
    improvements_.emplace(id, std::move(kept));
  }
  const Improvement& improvement = improvements_.at(id);
  if (improvement.watch.empty())
    return Fail(ErrorCode::kConflict,
                fmt::format("improvement {} is {}", id.value, Name(improvement.status)));
  TRY_STATUS(Apply(std::pair(improvement.watch, cycle::UndoRequested{who.name}), std::nullopt));
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
  std::vector<TargetState*> frozen;
  bool known = false;
  for (auto& [key, target] : targets_) {
    if (key.component != id) continue;
    known = true;
    if (target.frozen) frozen.push_back(&target);
  }
  if (!known) return Fail(ErrorCode::kNotFound, "no component " + id.value);
  if (frozen.empty()) return Fail(ErrorCode::kConflict, "component " + id.value + " is not frozen");
  for (const TargetState* target : frozen) {
    const auto watch = watches_.find(target->watch);
    if (watch != watches_.end() && watch->second.status == WatchStatus::kUndoing)
      return Fail(ErrorCode::kConflict,
                  fmt::format("the rollback of {} on component {} is still tried again: {}",
                              watch->second.improvement.value, id.value, target->frozen_reason));
  }
  Transaction tx;
  for (TargetState* target : frozen) {
    target->frozen = false;
    target->frozen_reason.clear();
    target->expected_version.clear();  // what is there now is the new start
    target->changed_at = ports_.clock.Now();
    target->losses_kept = 0;
    tx.targets.push_back(*target);
  }
  AddAudit(tx, who.name, "component.released", "{}", {}, id);
  TRY_STATUS(Commit(tx));
  return Settle();
}

}  // namespace ratchet
