#pragma once
// The promises, checked from outside: against the world, which knows the truth, and against what
// was acknowledged.

#include <map>
#include <optional>
#include <set>
#include <string>

#include "adapters/sqlite/sqlite_state_store.h"
#include "tests/sim/world.h"

namespace ratchet::sim {

constexpr const char* kAuditKey = "simulated key";

[[noreturn]] void Broken(const std::string& text);

class Promises {
 public:
  Promises(World& world, const EngineConfig& config) : world_(world), config_(config) {}

  // The process that runs from now on.
  void Attend(const Engine& engine, SqliteStateStore& store);
  void Promise(const CycleId& cycle) { promised_cycles_.insert(cycle); }
  void PromiseApproval(const ImprovementId& id) { promised_approvals_.insert(id); }

  void CheckAfterStep();
  void CheckAfterRestart();
  void CheckAudit();
  [[nodiscard]] bool promised_any() const { return !promised_cycles_.empty(); }

 private:
  void CheckSlotsAndComponents();
  void CheckTrees();
  void CheckEndings();
  void CheckWatches();
  void CheckShare(const Watch& watch);
  void CheckMoney();
  void RememberTakenBack(const Improvement& ended);
  std::optional<Improvement> Find(const ImprovementId& id);

  World& world_;
  const EngineConfig& config_;
  const Engine* engine_ = nullptr;
  SqliteStateStore* store_ = nullptr;
  std::set<CycleId> promised_cycles_;
  std::set<ImprovementId> promised_approvals_;
  std::set<ImprovementId> active_before_;
  std::map<ImprovementId, Improvement> ended_;        // read once from the store, for speed
  std::map<WatchId, std::string> policies_;           // by which each watch began
  std::map<WatchId, std::pair<int, Instant>> steps_;  // that serves, and since when
  std::int64_t audit_seen_ = 0;
};

}  // namespace ratchet::sim
