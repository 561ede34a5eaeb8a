#include "core/intake/calls.h"

#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/intake/log_pattern.h"

namespace ratchet::intake {
namespace {

constexpr size_t kWaitingMax = 20'000;  // calls, and as many traces whose operation is known
constexpr Duration kWaitMax{60'000};

}  // namespace

void Calls::Begin() {
  waiting_before_ = waiting_;
  repeats_.Begin();
  parents_.Begin();
}

void Calls::Undo() {
  waiting_ = waiting_before_;
  repeats_.Undo();
  parents_.Undo();
}

void Calls::NoteRequest(const SpanRecord& request) {
  if (operations_.emplace(request.trace_id, request.operation).second)
    operations_order_.push_back(request.trace_id);
  if (operations_order_.size() > kWaitingMax) {
    operations_.erase(operations_order_.front());
    operations_order_.pop_front();
  }
}

std::vector<Call> Calls::Take(const std::vector<const SpanRecord*>& calls, Instant now) {
  auto all = std::exchange(waiting_, {});
  const size_t waited = all.size();
  for (const SpanRecord* call : calls) all.push_back(std::make_shared<const SpanRecord>(*call));
  std::vector<Call> ready;
  for (size_t i = 0; i < all.size(); ++i) {
    SpanRecord span = *all[i];
    if (!span.operation_known) {
      const auto at = operations_.find(span.trace_id);
      const bool may_come = now - span.start < kWaitMax;
      if (at == operations_.end() && may_come && waiting_.size() < kWaitingMax) {
        waiting_.push_back(all[i]);
        continue;
      }
      if (at != operations_.end()) span.operation = at->second;
    }
    ready.push_back(Judge(std::move(span)));
    ready.back().waited = i < waited;
  }
  return ready;
}

Call Calls::Judge(SpanRecord span) {
  Call call{.statement = StatementShape(span.statement)};
  const std::string shape = Sha256Hex(Join({span.tenant.value, span.component.value, span.operation,
                                            span.name, call.statement},
                                           "\n"))
                                .substr(0, 24);
  constexpr Duration kRequestMax{600'000};
  call.repeat = !span.identity.empty() && repeats_.SeenBefore(shape + "/" + span.identity,
                                                              span.start, CallShape::kRepeatWindow);
  call.first = !parents_.SeenBefore(shape + "/" + span.trace_id + "/" + span.parent_id, span.start,
                                    kRequestMax);
  call.span = std::move(span);
  return call;
}

}  // namespace ratchet::intake
