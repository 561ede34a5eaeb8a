#include "core/model/names.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/check.h"

namespace ratchet {
namespace {

template <typename Enum>
struct Names;  // specialised below: the names in the order of the enumerators

#define RATCHET_NAMES(Enum, ...)                                               \
  template <>                                                                  \
  struct Names<Enum> {                                                         \
    static constexpr auto kAll = std::to_array<std::string_view>(__VA_ARGS__); \
  }

template <>
struct Names<InsightKind> {
  static constexpr auto kAll = [] {
    std::array<std::string_view, kInsightKinds.size()> names;
    std::ranges::transform(kInsightKinds, names.begin(), &InsightTraits::name);
    return names;
  }();
};
RATCHET_NAMES(Severity, {"low", "medium", "high", "critical"});
RATCHET_NAMES(Risk, {"low", "medium", "high"});
RATCHET_NAMES(Level, {"low", "medium", "high", "critical"});
RATCHET_NAMES(Origin, {"measured", "estimated", "learned"});
RATCHET_NAMES(Reach, {"tenant", "system_wide"});
RATCHET_NAMES(Author, {"recipe", "model"});
RATCHET_NAMES(GateOutcome, {"passed", "failed", "not_run"});
RATCHET_NAMES(LatencySource, {"spans", "histograms"});
RATCHET_NAMES(Health, {"unknown", "healthy", "failing"});
RATCHET_NAMES(Verdict, {"continue", "roll_back", "keep", "no_effect", "inconclusive"});
RATCHET_NAMES(ImprovementStatus,
              {"queued", "generating", "validating", "awaiting_approval", "suggested", "deploying",
               "canary", "monitoring", "rolling_back", "completed", "rolled_back", "failed",
               "rejected", "expired", "superseded"});
RATCHET_NAMES(WatchStatus, {"deploying", "watching", "promoting", "undoing", "ended"});
RATCHET_NAMES(WatchEnd, {"kept", "taken_back", "changed_by_others", "never_deployed"});
RATCHET_NAMES(EndReason, {"none",
                          "kept",
                          "authors_failed",
                          "tried_before",
                          "gates_failed",
                          "quality_too_low",
                          "no_sandbox",
                          "suggest_only",
                          "rejected",
                          "approval_expired",
                          "outdated",
                          "no_traffic",
                          "baseline_failed",
                          "deployment_failed",
                          "changed_by_others",
                          "performance_degradation",
                          "no_effect",
                          "inconclusive",
                          "not_seen",
                          "requested"});
RATCHET_NAMES(ReloadKind, {"none", "http", "signal", "command"});
RATCHET_NAMES(ProofKind, {"digest", "changes", "none"});
RATCHET_NAMES(TargetScope, {"component", "tenant"});
RATCHET_NAMES(Autonomy, {"observe", "suggest", "approve", "auto"});
RATCHET_NAMES(Role, {"viewer", "operator", "meta-orchestrator"});
RATCHET_NAMES(Priority, {"normal", "emergency"});
RATCHET_NAMES(CycleStatus, {"queued", "analysing", "improving", "completed", "failed"});
RATCHET_NAMES(Trigger, {"scheduled", "manual", "alarm"});
RATCHET_NAMES(AlertSeverity, {"info", "high", "critical"});
RATCHET_NAMES(LogLevel, {"debug", "info", "warning", "error"});

template <typename Enum>
std::string_view NameOf(Enum value) {
  const auto index = static_cast<size_t>(value);
  CHECK(index < Names<Enum>::kAll.size(), "every enumerator has a name");
  return Names<Enum>::kAll[index];
}

}  // namespace

#define RATCHET_DEFINE_NAME(Enum)                             \
  std::string_view Name(Enum value) { return NameOf(value); } \
  template <>                                                 \
  std::optional<Enum> Parse<Enum>(std::string_view name) {    \
    const auto& all = Names<Enum>::kAll;                      \
    const auto at = std::ranges::find(all, name);             \
    if (at == all.end()) return std::nullopt;                 \
    return static_cast<Enum>(at - all.begin());               \
  }

RATCHET_DEFINE_NAME(InsightKind)
RATCHET_DEFINE_NAME(Severity)
RATCHET_DEFINE_NAME(Risk)
RATCHET_DEFINE_NAME(Level)
RATCHET_DEFINE_NAME(Origin)
RATCHET_DEFINE_NAME(Reach)
RATCHET_DEFINE_NAME(Author)
RATCHET_DEFINE_NAME(GateOutcome)
RATCHET_DEFINE_NAME(LatencySource)
RATCHET_DEFINE_NAME(Health)
RATCHET_DEFINE_NAME(Verdict)
RATCHET_DEFINE_NAME(ImprovementStatus)
RATCHET_DEFINE_NAME(WatchStatus)
RATCHET_DEFINE_NAME(WatchEnd)
RATCHET_DEFINE_NAME(EndReason)
RATCHET_DEFINE_NAME(ReloadKind)
RATCHET_DEFINE_NAME(ProofKind)
RATCHET_DEFINE_NAME(TargetScope)
RATCHET_DEFINE_NAME(Autonomy)
RATCHET_DEFINE_NAME(Role)
RATCHET_DEFINE_NAME(Priority)
RATCHET_DEFINE_NAME(CycleStatus)
RATCHET_DEFINE_NAME(Trigger)
RATCHET_DEFINE_NAME(AlertSeverity)
RATCHET_DEFINE_NAME(LogLevel)

bool IsTerminal(ImprovementStatus status) {
  switch (status) {
    case ImprovementStatus::kSuggested:
    case ImprovementStatus::kCompleted:
    case ImprovementStatus::kRolledBack:
    case ImprovementStatus::kFailed:
    case ImprovementStatus::kRejected:
    case ImprovementStatus::kExpired:
    case ImprovementStatus::kSuperseded:
      return true;
    default:
      return false;
  }
}

bool OccupiesComponent(ImprovementStatus status) {
  return status == ImprovementStatus::kDeploying || status == ImprovementStatus::kCanary ||
         status == ImprovementStatus::kMonitoring || status == ImprovementStatus::kRollingBack;
}

bool ForbidsAgain(EndReason reason) {
  using enum EndReason;
  return reason == kRejected || reason == kDegraded || reason == kNoEffect || reason == kRequested;
}

bool WasInVain(EndReason reason) {
  using enum EndReason;
  return reason != kNone && reason != kKept && reason != kOutdated && reason != kChangedByOthers;
}

bool HoldsSlot(ImprovementStatus status) {
  return status == ImprovementStatus::kGenerating || status == ImprovementStatus::kValidating ||
         status == ImprovementStatus::kDeploying;
}

}  // namespace ratchet
