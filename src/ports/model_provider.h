#pragma once
// A language model behind an API, asked once: what it takes to build the request and to read the
// answer, nothing else. Retry, deadline, breaker, stop reasons and cost are of
// engine/authors/guarded_generator.h.

#include <expected>
#include <string>

#include "core/base/result.h"
#include "core/base/time.h"

namespace ratchet {

struct ModelPrompt {
  std::string system, user;
  int max_tokens = 4000;
};

// What a failed attempt says of the next one.
enum class CallFault {
  kPassing,  // may go well another time: overload, no connection, a fault of the server
  kFinal,    // the same again: the error's code says why
};

// Whether a failed attempt cost money.
enum class Billed {
  kNo,
  kPerhaps,  // counted as the most that it can be
};

struct CallFailure {
  Error error;
  CallFault fault = CallFault::kFinal;
  Billed billed = Billed::kNo;
  Duration retry_after{0};  // the server's own wish
};

struct ProviderReply {
  std::string text;
  std::string stop_reason;                      // as the provider says it
  std::uint64_t tokens_in = 0, tokens_out = 0;  // 0: not said
};

using ProviderAnswer = std::expected<ProviderReply, CallFailure>;

class ModelProvider {
 public:
  virtual ~ModelProvider() = default;
  [[nodiscard]] virtual std::string name() const = 0;  // "openai:<model>"
  // One attempt that ends within `timeout`. Thread-safe. A failure leaves nothing behind but,
  // perhaps, a bill. Codes: kUnavailable, kTimeout, kPermissionDenied (key or right),
  // kInvalidArgument (the request, or an answer that cannot be read), kResourceExhausted (a spend
  // limit, or an answer that is too long).
  virtual ProviderAnswer Ask(const ModelPrompt& prompt, Duration timeout) = 0;
};

}  // namespace ratchet
