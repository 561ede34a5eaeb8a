#pragma once
// The audit log of a state folder against itself and every signed head there is.

#include "adapters/sqlite/audit_chain.h"
#include "app/state_folder.h"

namespace ratchet {

struct AuditCheck {
  AuditVerdict verdict;
  size_t heads = 0;  // of the log itself, and those exported with reports
};

// Reads the whole log; may run beside a daemon that writes to it. Errors: kDataLoss for a report
// without a head, and those of reading key, reports and log.
Result<AuditCheck> CheckAudit(const StateFolder& folder);

}  // namespace ratchet
