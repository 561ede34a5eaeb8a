#pragma once
// The state store that also writes the audit log to the daemon's log.

#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "core/model/serialize.h"
#include "ports/state_store.h"

namespace ratchet {

// Writes every committed audit record to the log, as one JSON object a line.
class LoggedStateStore : public StateStore {
 public:
  LoggedStateStore(StateStore& inner, std::shared_ptr<spdlog::logger> log)
      : inner_(inner), log_(std::move(log)) {}
  Status Commit(const Transaction& tx) override {
    TRY_STATUS(inner_.Commit(tx));
    for (const AuditRecord& record : tx.audit) {
      log_->info(
          ToText({{"time", FormatInstant(record.at)},
                  {"level", "info"},
                  {"message", record.draft.action},
                  {"actor", record.draft.actor},
                  {"tenant", record.tenant.value},
                  {"component", record.component.value},
                  {"improvement", record.improvement.value},
                  {"details", nlohmann::json::parse(record.draft.details, nullptr, false)}}));
    }
    return {};
  }
  Result<PersistedState> Load() override { return inner_.Load(); }
  Result<Change> LoadChange(const ImprovementId& id) override { return inner_.LoadChange(id); }
  Result<double> ReservedOn(const std::string& day, const std::string& except) override {
    return inner_.ReservedOn(day, except);
  }
  Result<ImprovementId> TakenBack(const ComponentId& component, const std::string& tree_before,
                                  const std::string& tree_after) override {
    return inner_.TakenBack(component, tree_before, tree_after);
  }
  Result<std::map<Attempt, Instant>> InVainSince(Instant since) override {
    return inner_.InVainSince(since);
  }
  Result<std::vector<Improvement>> Improvements(const TenantFilter& f, int n) override {
    return inner_.Improvements(f, n);
  }
  Result<Improvement> FindImprovement(const TenantFilter& f, const ImprovementId& id) override {
    return inner_.FindImprovement(f, id);
  }
  Result<Cycle> FindCycle(const TenantFilter& f, const CycleId& id) override {
    return inner_.FindCycle(f, id);
  }
  Result<std::vector<Cycle>> Cycles(const TenantFilter& f, int n) override {
    return inner_.Cycles(f, n);
  }
  Result<std::vector<Insight>> Insights(const TenantFilter& f, int n) override {
    return inner_.Insights(f, n);
  }
  Result<std::vector<Opportunity>> Opportunities(const TenantFilter& f, int n) override {
    return inner_.Opportunities(f, n);
  }
  Result<std::vector<Alert>> Alerts(const TenantFilter& f, int n) override {
    return inner_.Alerts(f, n);
  }
  Result<AuditHead> Head() override { return inner_.Head(); }
  Result<StateTotals> Totals() override { return inner_.Totals(); }

 private:
  StateStore& inner_;
  std::shared_ptr<spdlog::logger> log_;
};

}  // namespace ratchet
