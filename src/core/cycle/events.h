#pragma once
// What can happen to an improvement, and what an improvement can ask of the world.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/model/improvement.h"

namespace ratchet::cycle {

// --- Events -------------------------------------------------------------------------------------

struct Admitted {};  // a slot is free: start generating
struct Generated {
  Change change;
  std::string tree_before, tree_after;
  std::uint64_t tokens = 0;
  double cost_usd = 0;
};
enum class Repairable { kNo, kYes };
struct GenerationFailed {
  std::string reason;
  Repairable repairable = Repairable::kNo;
  std::uint64_t tokens = 0;
  double cost_usd = 0;
};
struct Validated {
  ValidationReport report;
};
struct Approved {
  std::string by;
  Role role = Role::kViewer;
};
struct Rejected {
  std::string by;
  std::string why;
};
struct DeployAdmitted {};  // the component is free: deploy what was approved
struct Outdated {};        // the component is not what the change was made for any more
struct BaselineMeasured {
  Baseline baseline;
};
struct BaselineFailed {
  std::string reason;
};
struct Deployed {
  double share = 1.0;  // of the traffic; below 1 it is a canary
};
enum class Touched { kNo, kYes };
struct DeployFailed {
  std::string reason;
  Touched touched = Touched::kNo;  // kYes: the new files were in place for a moment
};
struct TreeChangedByOthers {
  std::string seen_tree;
  std::vector<std::string> left;  // files that still have this improvement's content
};
struct LookTaken {
  Look look;
};
struct LookFailed {
  std::string reason;
};
struct RolledBack {};
struct RollbackFailed {
  std::string reason;
};
struct RollbackRequested {
  std::string by;
};
enum class TimerKind {
  kLook,
  kApprovalExpiry,
  kRollbackRetry,
  kSchedule,
  kBaseline,
  kRehearsal,  // of a component, again
  kDelivery,   // of an alert or a report, again; its subject is the effect's key
};
struct TimerFired {
  TimerKind kind = TimerKind::kLook;
};

using ImprovementEvent =
    std::variant<Admitted, Generated, GenerationFailed, Validated, Approved, Rejected,
                 DeployAdmitted, Outdated, BaselineMeasured, BaselineFailed, Deployed, DeployFailed,
                 TreeChangedByOthers, LookTaken, LookFailed, RolledBack, RollbackFailed,
                 RollbackRequested, TimerFired>;

// --- Effects ------------------------------------------------------------------------------------

enum class EffectKind {
  kAnalyse,  // of a cycle
  kGenerate,
  kValidate,
  kMeasureBaseline,
  kDeploy,
  kPromote,  // a canary to all traffic
  kLook,
  kRollBack,
  kRehearse,  // of a component
  kNotify,
  kPublish,  // the report of a cycle
};

std::string_view Name(EffectKind kind);
std::optional<EffectKind> ParseEffectKind(std::string_view name);
std::string_view Name(TimerKind kind);
std::optional<TimerKind> ParseTimerKind(std::string_view name);

// Watching and undoing go on when everything else is stopped.
bool RunsWhileStopped(EffectKind kind);

struct Effect {
  EffectKey key;  // subject/kind/ordinal: the same deed always has the same key
  EffectKind kind = EffectKind::kNotify;
  std::string subject;  // id of the improvement, cycle or component
  std::string payload;  // JSON; only for kNotify, the alert
};

struct Timer {
  std::string subject;
  TimerKind kind = TimerKind::kLook;
  Instant wake_at;
};

struct AuditDraft {
  std::string actor = "ratchet";
  std::string action;
  std::string details = "{}";  // a JSON object
};

}  // namespace ratchet::cycle
