#include "app/audit_check.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "adapters/sqlite/sqlite_state_store.h"

namespace ratchet {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::optional<AuditHead> HeadOf(const Json& report) {
  try {
    const Json& head = report.at("audit_head");
    return AuditHead{head.at("sequence"), head.at("hash"), head.at("hmac")};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

Result<std::vector<AuditHead>> ExportedHeads(const std::string& reports) {
  std::vector<AuditHead> heads;
  std::error_code error;
  for (fs::directory_iterator at(reports, error), end; !error && at != end; at.increment(error)) {
    const std::string path = at->path().string();
    if (!path.ends_with(".json")) continue;  // one that a crash left unfinished
    auto exported = HeadOf(Json::parse(ReadTextFile(path).value_or(""), nullptr, false));
    if (!exported) return Fail(ErrorCode::kDataLoss, path + ": the report has no audit head");
    heads.push_back(std::move(*exported));
  }
  if (error) return Fail(ErrorCode::kDataLoss, reports + ": " + error.message());
  return heads;
}

}  // namespace

Result<AuditCheck> CheckAudit(const StateFolder& folder) {
  TRY(std::string key, folder.AuditKey());
  TRY(const auto store,
      SqliteStateStore::Open(
          {.path = folder.state_db(), .audit_key = key, .mode = sqlite::OpenMode::kReadOnly}));
  TRY(std::vector<AuditHead> heads, ExportedHeads(folder.reports()));
  const size_t known = heads.size() + 1;
  AuditVerifier verifier(std::move(key), std::move(heads));
  TRY(const AuditHead own, store->VisitAudit([&](const AuditEntry& e) { verifier.Add(e); }));
  return AuditCheck{verifier.Finish(own), known};
}

}  // namespace ratchet
