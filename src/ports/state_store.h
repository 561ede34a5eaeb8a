#pragma once
// Durable state: everything the engine must not forget, and the audit log.
//
// Commit is all or nothing and durable when it returns; a store whose Commit failed must be
// treated as broken (the engine stops: it may not act on what it could not write down).
// Not thread-safe: one owner. Readers of a running daemon open a store of their own.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/cycle/events.h"
#include "core/model/improvement.h"

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

struct Transaction {
  std::optional<SystemState> system;
  std::vector<Cycle> cycles;
  std::vector<Improvement> improvements;
  std::vector<ComponentState> components;
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
};

struct PersistedState {
  SystemState system;
  std::vector<Cycle> cycles;              // those not ended
  std::vector<Improvement> improvements;  // those not ended, by id
  std::vector<ComponentState> components;
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

// What an improvement was about.
struct Attempt {
  ComponentId component;
  std::string operation;
  InsightKind kind = InsightKind::kLatencyDegradation;
  auto operator<=>(const Attempt&) const = default;
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

class StateStore {
 public:
  virtual ~StateStore() = default;

  virtual Result<PersistedState> Load() = 0;
  virtual Status Commit(const Transaction& transaction) = 0;

  virtual Result<Change> LoadChange(const ImprovementId& id) = 0;
  // US dollars, without what is reserved under `except`.
  virtual Result<double> ReservedOn(const std::string& day, const std::string& except) = 0;
  // The improvement that changed this component's tree in the same way and was rejected, or taken
  // back for what it did or by a person; "" when there is none.
  virtual Result<ImprovementId> TakenBack(const ComponentId& component,
                                          const std::string& tree_before,
                                          const std::string& tree_after) = 0;

  // Improvements that ended since then and changed nothing for good, and when the last one did.
  virtual Result<std::map<Attempt, Instant>> InVainSince(Instant since) = 0;

  // Reading, newest first, at most `limit`.
  virtual Result<std::vector<Improvement>> Improvements(const TenantFilter& filter, int limit) = 0;
  virtual Result<Improvement> FindImprovement(const TenantFilter& filter,
                                              const ImprovementId& id) = 0;
  virtual Result<Cycle> FindCycle(const TenantFilter& filter, const CycleId& id) = 0;
  virtual Result<std::vector<Cycle>> Cycles(const TenantFilter& filter, int limit) = 0;
  virtual Result<std::vector<Insight>> Insights(const TenantFilter& filter, int limit) = 0;
  virtual Result<std::vector<Opportunity>> Opportunities(const TenantFilter& filter, int limit) = 0;
  virtual Result<std::vector<Alert>> Alerts(const TenantFilter& filter, int limit) = 0;
  virtual Result<AuditHead> Head() = 0;
  virtual Result<StateTotals> Totals() = 0;
};

}  // namespace ratchet
