#include "engine/cycle_account.h"

#include <nlohmann/json.hpp>

#include "core/model/serialize.h"
#include "core/reporting/report.h"

namespace ratchet {

Result<CycleAccount> ReadCycleAccount(StateReader& store, const TenantFilter& filter,
                                      const CycleId& id) {
  CycleAccount account;
  TRY(account.cycle, store.FindCycle(filter, id));
  for (const ImprovementId& improvement : account.cycle.improvements) {
    auto found = store.FindImprovement(filter, improvement);
    if (!found && found.error().code == ErrorCode::kNotFound) continue;
    if (!found) return std::unexpected(found.error());
    std::optional<Watch> watch;
    if (!found->watch.empty()) {
      TRY(watch, store.FindWatch(filter, found->watch));
    }
    account.improvements.push_back({std::move(*found), std::move(watch)});
  }
  TRY(account.head, store.Head());
  return account;
}

std::string SignedReport(const CycleAccount& account, Instant now) {
  nlohmann::json report = reporting::CycleReport(account.cycle, account.improvements, now);
  const AuditHead& head = account.head;
  report["audit_head"] = {{"sequence", head.sequence}, {"hash", head.hash}, {"hmac", head.hmac}};
  return ToText(report);
}

}  // namespace ratchet
