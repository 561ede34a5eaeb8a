#pragma once
// Remembers when a call's identity was last seen, so that repeats can be counted. Bounded: the
// oldest identities are forgotten, which can only undercount.

#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/time.h"

namespace ratchet::intake {

class RepeatTracker {
 public:
  explicit RepeatTracker(size_t capacity) : capacity_(capacity) {}
  // Whether the identity was seen within `window` before `at`; notes it as seen.
  bool SeenBefore(const std::string& identity, Instant at, Duration window);
  // What was noted since Begin counts from then on; or was never noted, for a batch that failed and
  // is sent again.
  void Begin() { noted_.clear(); }
  void Undo();

 private:
  struct Entry {
    std::string identity;
    Instant last;
  };
  size_t capacity_;
  std::list<Entry> order_;  // most recent first
  std::unordered_map<std::string, std::list<Entry>::iterator> known_;
  std::vector<std::pair<std::string, std::optional<Instant>>> noted_;  // and when seen before
};

}  // namespace ratchet::intake
