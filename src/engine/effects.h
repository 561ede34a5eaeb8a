#pragma once
// What the engine hands out to be performed, and what comes back.

#include <cstdint>
#include <map>
#include <variant>

#include "core/cycle/cycle_advance.h"
#include "core/cycle/events.h"
#include "engine/cycle_account.h"
#include "ports/change_author.h"
#include "ports/hold_check.h"

namespace ratchet {

struct EffectJob {
  cycle::Effect effect;
  std::optional<Improvement> improvement;
  std::optional<Change> change;
  std::optional<Cycle> cycle;
  std::optional<CycleAccount> account;          // for a report
  std::optional<Instant> component_changed_at;  // for baselines: the version is not older
  std::map<ComponentId, Instant> changed_at;    // of all components, for analyses
  std::uint64_t start = 0;  // which start of this process it is; the answer names it
  bool begun = false;       // it was started before: what it did then may stand
  MaySpend may_spend = MaySpend::kNo;
  HoldCheck hold;  // for what may not begin while the kill switch is on
};

struct AnalysisFound {
  TelemetryCounts telemetry;
  std::vector<Insight> insights;
  std::vector<Opportunity> opportunities;  // in order of priority
};

struct Rehearsed {
  Status result;
};
struct Delivered {
  Status result;
};
enum class Spent { kNo, kYes };
struct Held {                // the kill switch came first: the effect waits for `resume`
  Spent spent = Spent::kNo;  // kYes: money may have gone, so the next start reserves anew
};

using Answer =
    std::variant<cycle::ImprovementEvent, Result<AnalysisFound>, Rehearsed, Delivered, Held>;

// Starts a job and returns; the owner of engine and runner hands the answer to Engine::OnAnswer,
// with the job's key and start.
class EffectRunner {
 public:
  virtual ~EffectRunner() = default;
  virtual void Start(EffectJob job) = 0;
};

}  // namespace ratchet
