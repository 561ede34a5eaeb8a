#pragma once
// An improvement is one attempt at an opportunity: a state machine whose whole state is here.

#include <optional>
#include <string>
#include <vector>

#include "core/model/change.h"
#include "core/model/ending.h"
#include "core/model/insight.h"
#include "core/model/target.h"

namespace ratchet {

enum class ImprovementStatus {
  kQueued,
  kGenerating,
  kValidating,
  kAwaitingApproval,  // also: approved, waiting for its component to be free
  kSuggested,
  kDeploying,
  kCanary,
  kMonitoring,
  kRollingBack,
  kCompleted,
  kRolledBack,
  kFailed,
  kRejected,
  kExpired,
  kSuperseded,
};

bool IsTerminal(ImprovementStatus status);
// Between deploying and its verdict: at most one per component.
bool OccupiesComponent(ImprovementStatus status);
// From generating to deployed, waiting for a person excepted: counts against the limits.
bool HoldsSlot(ImprovementStatus status);

enum class Role { kViewer, kOperator, kMetaOrchestrator };
enum class Priority { kNormal, kEmergency };

struct Approval {
  std::string by;
  Instant at;
};

struct Improvement {
  ImprovementId id;
  CycleId cycle;
  Opportunity opportunity;
  Priority priority = Priority::kNormal;
  ImprovementStatus status = ImprovementStatus::kQueued;
  Instant created_at, changed_at;
  std::optional<Instant> deployed_at, ended_at;

  int round = 0;             // 1 = first generation, 2 = the repair round
  std::string repair_error;  // what the repair round must mend, word for word
  std::string author_name, summary;
  Author author = Author::kRecipe;
  std::string tree_before, tree_after;  // hashes
  ValidationReport validation;
  std::optional<Approval> approval;

  TargetKey target;  // where it is deployed
  int baseline_tries = 0;
  WatchId watch;                     // of its deployment; empty before
  EndReason end = EndReason::kNone;  // why it ended, or is taken back
  std::string reason;                // the same for people

  std::uint64_t llm_tokens = 0;
  double llm_cost_usd = 0;
};

enum class CycleStatus { kQueued, kAnalysing, kImproving, kCompleted, kFailed };
enum class Trigger { kScheduled, kManual, kAlarm };

struct Cycle {
  CycleId id;
  TenantId tenant;  // empty: all tenants
  Trigger trigger = Trigger::kManual;
  Priority priority = Priority::kNormal;
  std::string actor;
  Duration analysis_window{24 * 3'600'000};
  int max_improvements = 3;
  CycleStatus status = CycleStatus::kQueued;
  Instant start_time;
  std::optional<Instant> end_time;
  TelemetryCounts telemetry;
  int opportunities_identified = 0;
  std::vector<ImprovementId> improvements;
  std::string error;
};

enum class AlertSeverity { kInfo, kHigh, kCritical };
struct Alert {
  AlertSeverity severity = AlertSeverity::kInfo;
  TenantId tenant;
  ComponentId component;
  ImprovementId improvement;
  std::string title;
  std::string text;
  Instant at;
};

struct AuditEntry {
  std::int64_t sequence = 0;  // from 1, without gaps
  Instant at;
  TenantId tenant;
  std::string actor;  // "ratchet", "key:<name>", ...
  ImprovementId improvement;
  ComponentId component;
  std::string action;   // "improvement.deployed", ...
  std::string details;  // a JSON object
  std::string previous_hash, hash;
};

}  // namespace ratchet
