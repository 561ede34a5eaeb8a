#include "app/audit_check.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

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

}  // namespace

Result<AuditCheck> CheckAudit(const StateFolder& folder, SqliteStateStore& store) {
  TRY(std::string key, folder.AuditKey());
  std::vector<AuditHead> heads;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder.reports(), error)) {
    const std::string path = entry.path().string();
    auto exported = HeadOf(Json::parse(ReadTextFile(path).value_or(""), nullptr, false));
    if (!exported) return Fail(ErrorCode::kDataLoss, path + ": the report has no audit head");
    heads.push_back(std::move(*exported));
  }
  const size_t known = heads.size() + 1;
  AuditVerifier verifier(std::move(key), std::move(heads));
  TRY(const AuditHead own, store.VisitAudit([&](const AuditEntry& e) { verifier.Add(e); }));
  return AuditCheck{verifier.Finish(own), known};
}

}  // namespace ratchet
