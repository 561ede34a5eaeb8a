#pragma once
// Durable state: everything the engine must not forget, and the audit log.
//
// After a failed commit the engine stops: it may not act on what it could not write down.
// Not thread-safe: one owner. Readers of a running daemon open a store of their own.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/cycle/events.h"
#include "core/model/improvement.h"
#include "core/model/watch.h"

namespace ratchet {

// Money set aside for one attempt of one effect, before it is spent.
struct Reservation {
  std::string key;  // effect key and attempt
  std::string day;  // "2026-01-31", UTC: the budget's day; "" keeps the day it was made for
  double usd = 0;   // the worst case; replaced by what was spent once that is known
};

struct AuditRecord {  // an entry as the engine asks for it; the store numbers and chains it
  TenantId tenant;
  ImprovementId improvement;
  ComponentId component;
  cycle::AuditDraft draft;
  Instant at;
};

struct StoredEffect {
  cycle::Effect effect;
  int attempts = 0;  // how often it was started, this one included
};

struct SystemState {
  bool stopped = false;  // the kill switch
  std::string stopped_by;
  std::int64_t next_id = 1;  // for cycle and improvement ids
  std::optional<Instant> last_scheduled;
};

struct StoredLook {
  WatchId watch;
  int number = 0;  // from 1, in time order
  int step = 0;    // of the watch
  Look look;
};

struct Transaction {
  std::optional<SystemState> system;
  std::vector<Cycle> cycles;
  std::vector<Improvement> improvements;
  std::vector<Watch> watches;  // without their looks, which are rows of their own
  std::vector<StoredLook> looks;
  std::vector<TargetState> targets;
  std::vector<std::pair<ImprovementId, Change>> changes;
  std::vector<StoredEffect> effects;
  std::vector<EffectKey> effects_done;
  std::vector<cycle::Timer> timers_set;
  std::vector<std::pair<std::string, cycle::TimerKind>> timers_cleared;
  std::vector<Reservation> reservations;
  std::vector<Insight> insights;
  std::vector<Opportunity> opportunities;
  std::vector<Outcome> outcomes;
  std::vector<Alert> alerts;
  std::vector<AuditRecord> audit;
  // Looks, insights, opportunities, alerts and outcomes from before it are removed, except
  // outcomes that forbid a change.
  std::optional<Instant> forget_before;
};

struct PersistedState {
  SystemState system;
  std::vector<Cycle> cycles;              // those not ended
  std::vector<Improvement> improvements;  // those not ended, by id
  std::vector<Watch> watches;             // those that are open, with the looks of their step
  std::vector<TargetState> targets;
  std::vector<StoredEffect> effects;  // not done yet, in the order they were asked for
  std::vector<cycle::Timer> timers;
};

// Over everything that was ever stored, for the daemon's own metrics.
struct StateTotals {
  std::int64_t cycles_started = 0, cycles_completed = 0, cycles_failed = 0;
  std::int64_t improvements_deployed = 0, improvements_rolled_back = 0;
  std::int64_t opportunities = 0, tokens = 0;
  double impact = 0;              // scores of the improvements that were kept
  double cycle_seconds_last = 0;  // of the last cycle that ended
};

struct AuditHead {
  std::int64_t sequence = 0;
  std::string hash;
  std::string hmac;  // HMAC-SHA-256 over "<sequence> <hash>" with the key of the state folder
};

// For reading: what belongs to one tenant, or everything.
class TenantFilter {
 public:
  static TenantFilter All() { return {}; }
  static TenantFilter Only(std::set<TenantId> tenants) {
    TenantFilter filter;
    filter.tenants_ = std::move(tenants);
    return filter;
  }
  [[nodiscard]] bool Allows(const TenantId& tenant) const {
    return !tenants_ || tenants_->contains(tenant);
  }
  [[nodiscard]] const std::optional<std::set<TenantId>>& tenants() const { return tenants_; }

 private:
  TenantFilter() = default;
  std::optional<std::set<TenantId>> tenants_;
};

// One owner.
class StateWriter {
 public:
  virtual ~StateWriter() = default;
  // What is needed to go on. kDataLoss when what is stored cannot be read.
  virtual Result<PersistedState> Load() = 0;
  // All or nothing, and durable when it returns. After an error nothing of it is there, and the
  // store must be treated as broken.
  virtual Status Commit(const Transaction& transaction) = 0;
};

// Reads what was committed; nothing here changes anything. Errors: kUnavailable, kDataLoss; Load
// and Find also kNotFound, for what another tenant owns, too.
class StateReader {
 public:
  virtual ~StateReader() = default;

  virtual Result<Change> LoadChange(const ImprovementId& id) = 0;
  // US dollars, without what is reserved under `except`.
  virtual Result<double> ReservedOn(const std::string& day, const std::string& except) = 0;
  // Of everything that changed this component in the same way.
  virtual Result<std::vector<Outcome>> OutcomesOf(const ComponentId& component,
                                                  const std::string& version_before,
                                                  const std::string& version_after) = 0;
  // Of everything that ended since then.
  virtual Result<std::vector<Outcome>> OutcomesSince(Instant since) = 0;

  // Reading, newest first, at most `limit`.
  virtual Result<std::vector<Improvement>> Improvements(const TenantFilter& filter, int limit) = 0;
  virtual Result<Improvement> FindImprovement(const TenantFilter& filter,
                                              const ImprovementId& id) = 0;
  // With all its looks.
  virtual Result<Watch> FindWatch(const TenantFilter& filter, const WatchId& id) = 0;
  virtual Result<Cycle> FindCycle(const TenantFilter& filter, const CycleId& id) = 0;
  virtual Result<std::vector<Cycle>> Cycles(const TenantFilter& filter, int limit) = 0;
  virtual Result<std::vector<Insight>> Insights(const TenantFilter& filter, int limit) = 0;
  virtual Result<std::vector<Opportunity>> Opportunities(const TenantFilter& filter, int limit) = 0;
  virtual Result<std::vector<Alert>> Alerts(const TenantFilter& filter, int limit) = 0;
  virtual Result<AuditHead> Head() = 0;
  virtual Result<StateTotals> Totals() = 0;
};

class StateStore : public StateWriter, public StateReader {};

}  // namespace ratchet
