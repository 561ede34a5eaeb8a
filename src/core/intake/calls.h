#pragma once
// Calls inside requests, made ready to be counted: each gets the operation of
// its request, and whether the same call was made a short while before.
//
// Calls end before the request that they belong to and may arrive earlier: they
// wait for it, a minute at most. Bounded: what is forgotten can only
// undercount. Not thread-safe.

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/intake/repeat_tracker.h"
#include "core/model/telemetry.h"

namespace ratchet::intake {

struct Call {
  SpanRecord span;        // with the operation of its request, if that is known
  std::string statement;  // its shape
  bool repeat = false;    // the same identity was seen within
                          // CallShape::kRepeatWindow before
  bool first = false;     // of its shape in its request
  bool waited = false;    // came with an earlier batch
};

class Calls {
 public:
  // What was taken since the last Begin was never taken, for a batch that
  // failed and comes again.
  void Begin();
  void Undo();

  // Whose operation the calls of the same trace get.
  void NoteRequest(const SpanRecord& request);
  // Those that need not wait, of these and of those that waited, which come
  // first.
  std::vector<Call> Take(const std::vector<const SpanRecord*>& calls, Instant now);

 private:
  Call Judge(SpanRecord span);

  RepeatTracker repeats_{100'000};
  RepeatTracker parents_{50'000};
  std::unordered_map<std::string, std::string> operations_;  // of recent traces
  std::deque<std::string> operations_order_;
  std::deque<std::shared_ptr<const SpanRecord>> waiting_, waiting_before_;
};

}  // namespace ratchet::intake
