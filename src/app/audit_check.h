#pragma once
// The audit log of a state folder against itself and every signed head there is.

#include "adapters/sqlite/audit_chain.h"
#include "adapters/sqlite/sqlite_state_store.h"
#include "app/state_folder.h"

namespace ratchet {

struct AuditCheck {
  AuditVerdict verdict;
  size_t heads = 0;  // of the log itself, and those exported with reports
};

// Reads the whole log. Errors: kDataLoss for a log that cannot be read or a report without a head.
Result<AuditCheck> CheckAudit(const StateFolder& folder, SqliteStateStore& store);

}  // namespace ratchet
