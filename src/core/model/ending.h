#pragma once
// Why an improvement or a watch ended, and the outcome that is remembered of it.
//
// Policy hangs on these enumerators, never on the sentence that people read.

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/model/change.h"
#include "core/model/insight.h"

namespace ratchet {

enum class EndReason {
  kNone,  // it has not ended
  kKept,
  // Before anything was deployed:
  kAuthorsFailed,
  kTriedBefore,  // the same change was taken back or rejected before
  kGatesFailed,
  kQualityTooLow,
  kNoSandbox,
  kSuggestOnly,  // autonomy goes no further
  kRejected,
  kApprovalExpired,
  kOutdated,  // the component changed after the change was made for it
  kNoTraffic,
  kBaselineFailed,
  kDeploymentFailed,
  // After it was:
  kChangedByOthers,
  kDegraded,
  kNoEffect,
  kInconclusive,
  kNotSeen,  // the watch could not see the service
  kRequested,
};

// The same change of the same code is not tried again: it was judged, by the numbers or a person.
bool ForbidsAgain(EndReason reason);
// It took a place in a cycle and made nothing better: the opportunity stands back for a while.
bool WasInVain(EndReason reason);

// What became of an improvement, for later estimates. There is one for every end.
struct Outcome {
  ImprovementId improvement;
  Instant at;
  EndReason reason = EndReason::kNone;
  InsightKind kind = InsightKind::kLatencyDegradation;
  TenantId tenant;
  ComponentId component;
  std::string operation;
  Author author = Author::kRecipe;
  std::string author_name;     // "recipe:remember-results"
  std::string prompt_variant;  // empty for recipes
  std::string version_before, version_after;
  std::uint64_t llm_tokens = 0;
  double llm_cost_usd = 0;
  std::vector<std::string> failed;  // rules of the findings that stood against it
  double predicted_gain_pct = 0, actual_gain_pct = 0;
  bool kept = false;
};

}  // namespace ratchet
