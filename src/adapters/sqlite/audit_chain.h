#pragma once
// The audit log's hash chain: every entry carries the hash of the one before, and the head is
// signed, so that an edit, a removal, a reordering and a cut-off tail all show.

#include <functional>
#include <string>
#include <vector>

#include "ports/state_store.h"

namespace ratchet {

// SHA-256 over every field of the entry but its own hash, each prefixed by its length.
std::string AuditHash(const AuditEntry& entry);
AuditHead SignHead(std::int64_t sequence, const std::string& hash, std::string_view key);
bool HeadIsGenuine(const AuditHead& head, std::string_view key);

struct AuditVerdict {
  bool intact = false;
  std::int64_t entries = 0;
  std::string problem;  // names the first entry that does not fit
};

// Checks entries in order against themselves and against every genuine head that is known: those
// that were exported with reports, and the store's own, which must be of the last entry.
class AuditVerifier {
 public:
  AuditVerifier(std::string key, std::vector<AuditHead> exported);
  void Add(const AuditEntry& entry);
  AuditVerdict Finish(const AuditHead& own);

 private:
  void Blame(std::string problem);
  std::string key_;
  std::vector<AuditHead> heads_;
  std::string previous_hash_;
  std::int64_t entries_ = 0;
  std::string problem_;
};

}  // namespace ratchet
