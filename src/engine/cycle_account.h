#pragma once
// What a cycle's report is made of, as the store has it, and the signed report itself.

#include <string>
#include <vector>

#include "core/reporting/report.h"
#include "ports/state_store.h"

namespace ratchet {

struct CycleAccount {
  Cycle cycle;
  std::vector<reporting::Assessed> improvements;
  AuditHead head;
};

// kNotFound for a cycle that the filter does not let through; other tenants' improvements are left
// out.
Result<CycleAccount> ReadCycleAccount(StateReader& store, const TenantFilter& filter,
                                      const CycleId& id);

// The cycle's report, as JSON, with the signed head of the audit log, so that a log that is cut
// later shows.
std::string SignedReport(const CycleAccount& account, Instant now);

}  // namespace ratchet
