#pragma once
// API keys: names, roles, tenants, and the hash of each key; the keys themselves are not kept.

#include <string>
#include <vector>

#include "engine/engine.h"

namespace ratchet::http {

struct KeyRecord {
  std::string name;
  Role role = Role::kViewer;
  std::vector<TenantId> tenants;  // empty: all
  std::string sha256;
};

class KeyRing {
 public:
  // Reads keys.json (0600); an absent file is an empty ring.
  static Result<KeyRing> Load(const std::string& path);
  // Adds the key and writes the file; a name stands for one key only.
  Status Add(const KeyRecord& record);
  // The same in the place of a key of this name, if there is one.
  Status Replace(const KeyRecord& record);
  // Every stored hash is compared, in constant time.
  [[nodiscard]] std::optional<Principal> Find(std::string_view key) const;
  [[nodiscard]] const std::vector<KeyRecord>& records() const { return records_; }

 private:
  Status Write() const;
  std::string path_;
  std::vector<KeyRecord> records_;
};

// Writes a file that only its owner may read, in one step.
Status WritePrivateFile(const std::string& path, std::string_view text);

}  // namespace ratchet::http
