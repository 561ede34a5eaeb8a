#include "adapters/sqlite/audit_chain.h"

#include <fmt/format.h>

#include "core/base/hash.h"

namespace ratchet {

std::string AuditHash(const AuditEntry& e) {
  std::string text;
  const auto add = [&](std::string_view field) {
    text += fmt::format("{}:{}\n", field.size(), field);
  };
  add(std::to_string(e.sequence));
  add(std::to_string(ToMillis(e.at)));
  add(e.tenant.value);
  add(e.actor);
  add(e.improvement.value);
  add(e.component.value);
  add(e.action);
  add(e.details);
  add(e.previous_hash);
  return Sha256Hex(text);
}

AuditHead SignHead(std::int64_t sequence, const std::string& hash, std::string_view key) {
  return {sequence, hash, HmacSha256Hex(key, fmt::format("{} {}", sequence, hash))};
}

bool HeadIsGenuine(const AuditHead& head, std::string_view key) {
  return EqualConstantTime(head.hmac,
                           HmacSha256Hex(key, fmt::format("{} {}", head.sequence, head.hash)));
}

AuditVerifier::AuditVerifier(std::string key, std::vector<AuditHead> exported)
    : key_(std::move(key)), heads_(std::move(exported)) {}

void AuditVerifier::Blame(std::string problem) {
  if (problem_.empty()) problem_ = std::move(problem);
}

void AuditVerifier::Add(const AuditEntry& entry) {
  ++entries_;
  if (entry.sequence != entries_) {
    Blame(fmt::format("entry {} stands where entry {} belongs: something was removed or reordered",
                      entry.sequence, entries_));
  }
  if (entry.previous_hash != previous_hash_) {
    Blame(fmt::format("entry {} does not continue the one before it", entry.sequence));
  }
  if (entry.hash != AuditHash(entry)) {
    Blame(fmt::format("entry {} ({}) was edited: its hash does not fit its content", entry.sequence,
                      entry.action));
  }
  for (const AuditHead& head : heads_) {
    if (head.sequence == entry.sequence && head.hash != entry.hash) {
      Blame(fmt::format("entry {} is not the one that was signed", entry.sequence));
    }
  }
  previous_hash_ = entry.hash;
}

AuditVerdict AuditVerifier::Finish(const AuditHead& own) {
  if (entries_ == 0) Blame("the log is empty, although every start of a daemon is an entry");
  heads_.push_back(own);
  if (own.sequence == 0) {
    Blame("the log has no signed head");
  } else if (own.sequence < entries_ || (own.sequence == entries_ && own.hash != previous_hash_)) {
    Blame(
        fmt::format("the log's head is of entry {}, but {} entries are there: the last were not "
                    "written by the daemon",
                    own.sequence, entries_));
  }
  for (const AuditHead& head : heads_) {
    if (!HeadIsGenuine(head, key_)) {
      Blame(fmt::format("the signature of the head at entry {} is wrong", head.sequence));
    } else if (head.sequence > entries_) {
      Blame(
          fmt::format("a head was signed at entry {}, but the log ends at {}: its tail was cut off",
                      head.sequence, entries_));
    }
  }
  return {.intact = problem_.empty(), .entries = entries_, .problem = problem_};
}

}  // namespace ratchet
