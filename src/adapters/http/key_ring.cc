#include "adapters/http/key_ring.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "core/base/hash.h"
#include "core/model/names.h"

namespace ratchet::http {

Status WritePrivateFile(const std::string& path, std::string_view text) {
  const auto failed = [&] {
    const std::string why = std::generic_category().message(errno);
    return std::unexpected(Error{ErrorCode::kUnavailable, fmt::format("write {}: {}", path, why)});
  };
  const std::string staged = path + ".new";
  const int file = open(staged.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return failed();
  bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                 fsync(file) == 0;
  written = close(file) == 0 && written;
  if (!written || std::rename(staged.c_str(), path.c_str()) != 0) return failed();
  return {};
}

Result<KeyRing> KeyRing::Load(const std::string& path) {
  KeyRing ring;
  ring.path_ = path;
  std::ifstream file(path);
  if (!file) return ring;
  std::stringstream text;
  text << file.rdbuf();
  try {
    for (const auto& item : nlohmann::json::parse(text.str())) {
      KeyRecord record{.name = item.at("name"), .sha256 = item.at("sha256")};
      const auto role = Parse<Role>(item.at("role").get<std::string>());
      if (!role) return Fail(ErrorCode::kDataLoss, path + ": unknown role");
      record.role = *role;
      for (const auto& tenant : item.at("tenants"))
        record.tenants.emplace_back(tenant.get<std::string>());
      ring.records_.push_back(std::move(record));
    }
  } catch (const nlohmann::json::exception& e) {
    return Fail(ErrorCode::kDataLoss, fmt::format("{}: {}", path, e.what()));
  }
  return ring;
}

Status KeyRing::Add(const KeyRecord& record) {
  if (std::ranges::find(records_, record.name, &KeyRecord::name) != records_.end()) {
    return Fail(ErrorCode::kConflict, "there is a key named " + record.name + " already");
  }
  records_.push_back(record);
  return Write();
}

Status KeyRing::Replace(const KeyRecord& record) {
  std::erase_if(records_, [&](const KeyRecord& r) { return r.name == record.name; });
  return Add(record);
}

Status KeyRing::Write() const {
  auto json = nlohmann::json::array();
  for (const KeyRecord& r : records_) {
    auto tenants = nlohmann::json::array();
    for (const TenantId& tenant : r.tenants) tenants.push_back(tenant.value);
    json.push_back(
        {{"name", r.name}, {"role", Name(r.role)}, {"tenants", tenants}, {"sha256", r.sha256}});
  }
  return WritePrivateFile(path_, json.dump(2) + "\n");
}

std::optional<Principal> KeyRing::Find(std::string_view key) const {
  const std::string hash = Sha256Hex(key);
  std::optional<Principal> found;
  for (const KeyRecord& record : records_) {
    if (!EqualConstantTime(hash, record.sha256)) continue;
    found = Principal{.name = "key:" + record.name, .role = record.role};
    if (!record.tenants.empty())
      found->tenants = TenantFilter::Only({record.tenants.begin(), record.tenants.end()});
  }
  return found;
}

}  // namespace ratchet::http
