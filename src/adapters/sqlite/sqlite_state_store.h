#pragma once
// State in one SQLite file: WAL, synchronous=FULL, so that what Commit returned from survives a
// power cut. Rows hold the model as JSON beside the columns that are searched.

#include "adapters/sqlite/audit_chain.h"
#include "adapters/sqlite/database.h"
#include "adapters/sqlite/disk_reserve.h"
#include "ports/state_store.h"

namespace ratchet {

class SqliteStateStore : public StateStore {
 public:
  struct Options {
    std::string path;
    std::string audit_key;  // signs the head of the audit log
    sqlite::OpenMode mode = sqlite::OpenMode::kReadWrite;
    std::string vfs;                 // for the simulation
    DiskReserve* reserve = nullptr;  // given free when the disk is full
  };
  // Creates or migrates the schema. kDataLoss for a damaged file, kInvalidArgument for one that a
  // newer version wrote.
  static Result<std::unique_ptr<SqliteStateStore>> Open(const Options& options);

  Result<PersistedState> Load() override;
  Status Commit(const Transaction& transaction) override;
  Result<Change> LoadChange(const ImprovementId& id) override;
  Result<double> ReservedOn(const std::string& day, const std::string& except) override;
  Result<std::vector<Outcome>> OutcomesOf(const ComponentId& component,
                                          const std::string& version_before,
                                          const std::string& version_after) override;
  Result<std::vector<Outcome>> OutcomesSince(Instant since) override;
  Result<std::vector<Improvement>> Improvements(const TenantFilter& filter, int limit) override;
  Result<Improvement> FindImprovement(const TenantFilter& filter, const ImprovementId& id) override;
  Result<Watch> FindWatch(const TenantFilter& filter, const WatchId& id) override;
  Result<Cycle> FindCycle(const TenantFilter& filter, const CycleId& id) override;
  Result<std::vector<Cycle>> Cycles(const TenantFilter& filter, int limit) override;
  Result<std::vector<Insight>> Insights(const TenantFilter& filter, int limit) override;
  Result<std::vector<Opportunity>> Opportunities(const TenantFilter& filter, int limit) override;
  Result<std::vector<Alert>> Alerts(const TenantFilter& filter, int limit) override;
  Result<AuditHead> Head() override;
  Result<StateTotals> Totals() override;

  // Reads the whole audit log in order.
  // Every entry, in order; the head is of the same moment.
  Result<AuditHead> VisitAudit(const std::function<void(const AuditEntry&)>& visit);
  Result<std::vector<TargetState>> Targets();
  Result<SystemState> System();
  Result<std::int64_t> CountEffects();

 private:
  Result<AuditHead> ReadAudit(const std::function<void(const AuditEntry&)>& visit);
  SqliteStateStore(std::unique_ptr<sqlite::Database> db, const Options& options)
      : db_(std::move(db)), audit_key_(options.audit_key), reserve_(options.reserve) {}
  Status CommitOnce(const Transaction& transaction);
  Status Write(const Transaction& tx);
  Status WriteWork(const Transaction& tx);
  Status WritePending(const Transaction& tx);
  Status WriteRecords(const Transaction& tx);
  Status AppendAudit(const std::vector<AuditRecord>& records);
  Result<std::string> FindDocument(std::string_view kind, const TenantFilter& filter,
                                   const std::string& id);
  Status PutDocument(std::string_view kind, const std::string& id, const TenantId& tenant,
                     Instant at, const std::string& json);
  Status Forget(Instant before);
  Result<std::vector<Watch>> OpenWatches();
  Result<std::vector<Look>> Looks(const WatchId& id, std::optional<int> step);
  static Result<std::vector<Outcome>> ReadOutcomes(sqlite::Query& query);
  template <typename T>
  Result<std::vector<T>> Documents(std::string_view kind, const TenantFilter& filter, int limit);

  std::unique_ptr<sqlite::Database> db_;
  std::string audit_key_;
  DiskReserve* reserve_;
};

}  // namespace ratchet
