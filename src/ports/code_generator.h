#pragma once
// A language model that an author can rely on: it ends in time, and its costs are known.

#include <optional>
#include <string>

#include "core/base/result.h"
#include "core/base/time.h"
#include "core/model/stop_reason.h"
#include "ports/hold_check.h"
#include "ports/model_provider.h"

namespace ratchet {

struct ModelRequest {
  ModelPrompt prompt;
  std::optional<Duration> within;  // retries included; empty: as long as they may take
  HoldCheck hold;                  // before each attempt but the first; empty: never held
};

struct ModelReply {
  std::string text;
  StopReason stop = StopReason::kEnd;
};

struct ModelAnswer {
  Result<ModelReply> reply = Fail(ErrorCode::kInternal, "the model was not asked");
  // Of all attempts, with or without a reply.
  std::uint64_t tokens = 0;
  double cost_usd = 0;
};

class CodeGenerator {
 public:
  virtual ~CodeGenerator() = default;
  [[nodiscard]] virtual std::string name() const = 0;  // "openai:<model>"
  // Blocks until the reply or the deadline. Thread-safe. Errors: kUnavailable (attempts used up,
  // held, or the breaker is open), kTimeout (the deadline), and what a provider cannot mend:
  // kPermissionDenied, kInvalidArgument, kResourceExhausted.
  virtual ModelAnswer Complete(const ModelRequest& request) = 0;
  // The most that one Complete may cost, in US dollars, retries included, for a prompt of this
  // size.
  [[nodiscard]] virtual double CostBound(std::uint64_t prompt_tokens, int max_tokens) const = 0;
};

}  // namespace ratchet
