#pragma once
// A watch is one deployed version on one target, from its deployment until it is kept or undone.
//
// Whatever decides on it is stored in it: the policy and the component's mechanics as they were
// when it was deployed. A component that leaves the configuration is still watched and undone.

#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/model/component.h"
#include "core/model/ending.h"
#include "core/model/insight.h"
#include "core/model/monitoring.h"
#include "core/model/target.h"

namespace ratchet {

enum class WatchStatus {
  kDeploying,  // asked for; how far it came is not known
  kWatching,
  kPromoting,  // on its way from one share to the next
  kUndoing,
  kEnded,
};

enum class WatchEnd { kKept, kTakenBack, kChangedByOthers, kNeverDeployed };

struct WatchPolicy {
  JudgePolicy judge;
  int undo_tries_before_freeze = 3;
  Duration undo_retry{5'000};
  Duration undo_retry_frozen{60'000};
};

struct Watch {
  WatchId id;
  TargetKey target;
  ImprovementId improvement;  // empty: somebody else's deployment
  TenantId tenant;            // whose requests are looked at; with Reach::kSystemWide everybody's
  Reach reach = Reach::kTenant;
  std::string operation;
  InsightKind promise = InsightKind::kLatencyDegradation;  // what it is to make better
  std::string version_before, version_after;               // hashes of the tree
  WatchPolicy policy;
  ComponentConfig component;      // as it was configured when it was deployed
  std::vector<CanaryStep> steps;  // of the share; never empty, the last one serves everybody
  std::uint64_t fence = 0;        // of the last deed that was asked for

  WatchStatus status = WatchStatus::kDeploying;
  Instant created_at, changed_at;
  std::optional<Instant> deployed_at, ended_at;
  Baseline baseline;
  int step = 0;             // index of the step that serves
  Instant step_since;       // when it began to serve
  std::vector<Look> looks;  // of this step
  int looks_taken = 0;      // of all steps
  VerdictReason verdict;
  int undo_tries = 0;
  EndReason reason = EndReason::kNone;      // why it is undone, or ended as it did
  std::string explanation;                  // the same for people
  WatchEnd end = WatchEnd::kNeverDeployed;  // once it is kEnded

  [[nodiscard]] bool LastStep() const { return step + 1 >= static_cast<int>(steps.size()); }
};

// Something of ours may serve that is neither kept nor undone yet.
inline bool IsOpen(const Watch& watch) { return watch.status != WatchStatus::kEnded; }

}  // namespace ratchet
