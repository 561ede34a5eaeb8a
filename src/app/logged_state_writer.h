#pragma once
// The state writer that also writes the audit log to the daemon's log.

#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "core/model/serialize.h"
#include "ports/state_store.h"

namespace ratchet {

// Writes every committed audit record to the log, as one JSON object a line.
class LoggedStateWriter : public StateWriter {
 public:
  LoggedStateWriter(StateWriter& inner, std::shared_ptr<spdlog::logger> log)
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

 private:
  StateWriter& inner_;
  std::shared_ptr<spdlog::logger> log_;
};

}  // namespace ratchet
