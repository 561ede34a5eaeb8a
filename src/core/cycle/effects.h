#pragma once
// What an improvement, a watch, a cycle or a component can ask of the world.

#include <optional>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/time.h"

namespace ratchet::cycle {

enum class EffectKind {
  kAnalyse,  // of a cycle
  kGenerate,
  kValidate,
  kMeasureBaseline,
  kDeploy,
  kPromote,  // a canary to all traffic
  kLook,
  kRollBack,
  kRehearse,  // of a target
  kInspect,   // of a component: which version is there
  kNotify,
  kPublish,  // the report of a cycle
};

enum class TimerKind {
  kLook,
  kApprovalExpiry,
  kRollbackRetry,
  kSchedule,
  kBaseline,
  kRehearsal,   // of a component, again
  kInspection,  // of a component
  kRetention,   // what is too old is forgotten
  kDelivery,    // of an alert or a report, again; its subject is the effect's key
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
  std::string subject;  // id of the improvement, watch, cycle or component
  std::string payload;  // JSON; only for kNotify, the alert
};

struct TimerFired {
  TimerKind kind = TimerKind::kLook;
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
