#pragma once
// A language model behind an API. Thread-safe; blocks for up to a few minutes (retries included).

#include <string>

#include "core/base/result.h"
#include "ports/hold_check.h"

namespace ratchet {

struct ModelRequest {
  std::string system, user;
  int max_tokens = 4000;
  HoldCheck hold;  // before each try but the first; empty: never held
};

struct ModelReply {
  std::string text;
  std::string stop_reason;
  std::uint64_t tokens_in = 0, tokens_out = 0;
  double cost_usd = 0;
};

class CodeGenerator {
 public:
  virtual ~CodeGenerator() = default;
  [[nodiscard]] virtual std::string name() const = 0;  // "openai:<model>"
  // Errors: kUnavailable (retries used up, held, or the breaker is open), kPermissionDenied,
  // kInvalidArgument, kResourceExhausted (a spend limit: never retried).
  virtual Result<ModelReply> Complete(const ModelRequest& request) = 0;
  // The most that one Complete may cost, in US dollars, retries included, for a prompt of this
  // size.
  [[nodiscard]] virtual double CostBound(std::uint64_t prompt_tokens, int max_tokens) const = 0;
};

}  // namespace ratchet
