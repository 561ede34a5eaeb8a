#include "core/intake/failures.h"

#include "core/base/text.h"
#include "core/intake/log_pattern.h"

namespace ratchet::intake {

std::optional<Failure> Failures::Take(const LogRecord& log) {
  constexpr size_t kTypeBytes = 200, kExampleBytes = 8000;
  constexpr Duration kToldWithin{60'000};
  if (log.level != LogLevel::kError) return std::nullopt;
  Failure failure{.type = log.exception_type.empty() ? "error"
                                                     : Shorten(log.exception_type, kTypeBytes)};
  if (!log.span_id.empty() &&
      told_.SeenBefore(log.span_id + "\n" + failure.type, log.time, kToldWithin))
    return std::nullopt;
  failure.pattern = MaskVariables(log.message);
  failure.example = Shorten(log.stack_trace.empty() ? log.message : log.stack_trace, kExampleBytes);
  return failure;
}

}  // namespace ratchet::intake
