#pragma once
// Log records to failures that are the same failure: an exception type and the
// message with its variable parts masked. One failure that a span and a log
// both tell counts once. Bounded; not thread-safe.

#include <optional>
#include <string>

#include "core/intake/repeat_tracker.h"
#include "core/model/telemetry.h"

namespace ratchet::intake {

struct Failure {
  std::string type, pattern;
  std::string example;  // the stack trace, or else the message
};

class Failures {
 public:
  // What was taken since the last Begin was never taken, for a batch that
  // failed and comes again.
  void Begin() { told_.Begin(); }
  void Undo() { told_.Undo(); }

  // None for records that are no errors, and for what was told before.
  std::optional<Failure> Take(const LogRecord& log);

 private:
  RepeatTracker told_{20'000};  // by span and type
};

}  // namespace ratchet::intake
