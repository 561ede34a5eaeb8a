#pragma once
// The engine owns all state: event → Advance → persist state and effects in one transaction →
// start the effects → their answers are events.
//
// Single-threaded: one owner calls it (EngineLoop in the daemon, the simulation in tests). After a
// failed commit it refuses everything: what could not be written down may not be acted on. A new
// engine opened on the same store goes on where the old one was.
//
// engine_open.cc opens on what another one left; engine.cc persists, performs and admits;
// engine_commands.cc and engine_events.cc are what comes in from people and from the world;
// engine_apply.cc turns an event into state.

#include <atomic>
#include <map>
#include <memory>
#include <set>

#include "core/cycle/watch_advance.h"
#include "engine/config.h"
#include "engine/effects.h"
#include "ports/clock.h"
#include "ports/state_store.h"

namespace ratchet {

// Who asks: a key's name, role and tenants.
struct Principal {
  std::string name;
  Role role = Role::kViewer;
  TenantFilter tenants = TenantFilter::All();
};

struct CycleRequest {
  TenantId tenant;  // empty: all
  Trigger trigger = Trigger::kManual;
  Priority priority = Priority::kNormal;
  std::optional<Duration> analysis_window;
  std::optional<int> max_improvements;
};

class Engine {
 public:
  struct Ports {
    const Clock& clock;
    StateWriter& writer;
    StateReader& reader;
    EffectRunner& runner;
  };

  // Loads the state and starts again every effect that was not answered.
  static Result<std::unique_ptr<Engine>> Open(const EngineConfig& config, Ports ports);

  // --- Commands. Errors: kPermissionDenied, kNotFound, kConflict, kInvalidArgument.
  Result<CycleId> TriggerCycle(const CycleRequest& request, const Principal& who);
  Status Approve(const ImprovementId& id, const Principal& who);
  Status Reject(const ImprovementId& id, const Principal& who, const std::string& why);
  Status RollBack(const ImprovementId& id, const Principal& who);
  Status Stop(const Principal& who);  // the kill switch: durable when it returns
  Status Resume(const Principal& who);
  Status Release(const ComponentId& id, const Principal& who);  // a frozen component

  // --- What the world says.
  // An answer that came before, or is of an earlier start, changes nothing.
  Status OnAnswer(const EffectKey& key, std::uint64_t start, const Answer& answer);
  Status FireDueTimers();
  [[nodiscard]] std::optional<Instant> NextWake() const;

  [[nodiscard]] bool broken() const { return broken_; }
  [[nodiscard]] bool stopped() const { return stopped_.load(); }  // any thread
  [[nodiscard]] const std::map<ImprovementId, Improvement>& active() const { return improvements_; }
  [[nodiscard]] const std::map<WatchId, Watch>& watches() const { return watches_; }
  [[nodiscard]] const std::map<TargetKey, TargetState>& targets() const { return targets_; }
  [[nodiscard]] const std::map<CycleId, Cycle>& cycles() const { return cycles_; }
  [[nodiscard]] size_t pending_effects() const { return effects_.size(); }

 private:
  Engine(const EngineConfig& config, Ports ports) : config_(config), ports_(ports) {}

  [[nodiscard]] cycle::ImprovementPolicy PolicyFor(const Improvement& improvement) const;
  [[nodiscard]] bool Wanted(const Opportunity& opportunity) const;
  [[nodiscard]] bool OfItsTenant(const Opportunity& opportunity, Transaction& tx);
  std::vector<ImprovementId> ChooseWork(const Cycle& cycle, std::vector<Opportunity> opportunities,
                                        Transaction& tx);
  // Adds a new cycle to the transaction, which the caller commits.
  Result<CycleId> AddCycle(const CycleRequest& request, const Principal& who, Transaction& tx);
  static Status CheckLoaded(const PersistedState& state);
  Status Recover();
  void AdoptWatches(Transaction& tx);
  // Why it may not go on as the component is configured now; "" if it may.
  [[nodiscard]] std::string Misfit(const Improvement& improvement) const;
  Status EndMisfits();

  // --- engine_apply.cc: one event, and everything that follows from it, in one transaction.
  using Happening = std::variant<std::pair<ImprovementId, cycle::ImprovementEvent>,
                                 std::pair<WatchId, cycle::WatchEvent>>;
  Status Apply(const Happening& first, const std::optional<EffectKey>& answered);
  Status Advance(const ImprovementId& id, const cycle::ImprovementEvent& event, Transaction& tx);
  Status Advance(const WatchId& id, const cycle::WatchEvent& event, Transaction& tx);
  void Record(const cycle::ImprovementStep& step, Transaction& tx);
  void Record(const cycle::WatchStep& step, Transaction& tx);
  void OpenWatch(Watch watch, Transaction& tx);
  void RecordTarget(const cycle::WatchStep& step, Transaction& tx);
  void Follow(const ImprovementId& id, const cycle::WatchSignal& signal, Transaction& tx);
  TargetState& TargetOf(const TargetKey& key);
  [[nodiscard]] std::optional<TargetKey> TargetNamed(const std::string& name) const;
  [[nodiscard]] bool IsBusy(const ComponentId& component) const;
  // Why the improvement's change may not be tried: it was, and was taken back. "" if it may.
  [[nodiscard]] std::string ForbiddenWhy(const Improvement& improvement);
  [[nodiscard]] cycle::ImprovementEvent UnlessForbidden(const ImprovementId& id,
                                                        cycle::ImprovementEvent event);
  void NoticeRelease(const Improvement& improvement, Instant asked, Transaction& tx);
  void AddEffect(const cycle::Effect& effect, Transaction& tx);
  // `occasion` makes it a deed of its own: the cycle's end, or an improvement's after it.
  void AddReport(const CycleId& cycle, const std::string& occasion, Transaction& tx);
  void AddAudit(Transaction& tx, const std::string& actor, const std::string& action,
                const std::string& details, const TenantId& tenant = {},
                const ComponentId& component = {});
  void AddAlert(Transaction& tx, const Alert& alert);
  Status Commit(Transaction& tx);
  [[nodiscard]] ComponentId TouchedBy(const cycle::Effect& effect) const;
  [[nodiscard]] bool MayStart(const StoredEffect& stored) const;
  void StartEffect(const StoredEffect& stored);
  Status StartPending();
  Status Settle();
  Status SettleOnce(bool& changed);
  Status OnAnalysis(const EffectKey& key, const Result<AnalysisFound>& found,
                    const std::string& subject);
  Status OnRehearsed(const EffectKey& key, const Status& result, const std::string& subject);
  Status OnInspected(const EffectKey& key, const Result<SeenVersion>& seen, const ComponentId& id);
  void Notice(TargetState& target, const Result<SeenVersion>& seen, Transaction& tx);
  void AskInspection(const ComponentId& id, Transaction& tx);
  Status OnDelivered(const EffectKey& key, const Status& result);
  void AskRehearsal(const TargetKey& target, Transaction& tx);
  static Status MayOperateAll(const Principal& who);
  Status FindVisible(const ImprovementId& id, const Principal& who, Role needed);
  Status EndCycles();
  std::string NextId(std::string_view prefix);
  static std::string ReservationKey(const StoredEffect& stored);

  EngineConfig config_;
  Ports ports_;
  SystemState system_;
  std::map<CycleId, Cycle> cycles_;
  std::map<ImprovementId, Improvement> improvements_;
  std::map<WatchId, Watch> watches_;  // open, and those of improvements that are in memory
  std::map<TargetKey, TargetState> targets_;
  std::map<EffectKey, StoredEffect> effects_;   // asked for and not answered
  std::map<EffectKey, std::uint64_t> running_;  // by its start
  std::uint64_t starts_ = 0;
  std::set<EffectKey> held_;  // by the kill switch, until it is turned off
  std::map<std::pair<std::string, cycle::TimerKind>, Instant> timers_;
  std::atomic<bool> stopped_ = false;
  bool broken_ = false;
};

// Whether a tenant's opportunities may become changes of the component.
bool BelongsTo(const ComponentConfig& component, const TenantId& tenant);

// "2026-01-31": the budget's day.
std::string DayOf(Instant now);

}  // namespace ratchet
