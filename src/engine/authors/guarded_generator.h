#pragma once
// Makes any provider one to rely on: retries with backoff what may go well another time, ends at
// the deadline, spares a server that keeps failing, reads the stop reason, and counts what every
// attempt cost, those without a reply too. One for each provider.

#include <functional>
#include <mutex>

#include "core/generation/call_policy.h"
#include "core/generation/circuit_breaker.h"
#include "ports/clock.h"
#include "ports/code_generator.h"

namespace ratchet {

class GuardedGenerator : public CodeGenerator {
 public:
  // Waits that long; tests hand in one that moves their clock.
  using Sleep = std::function<void(Duration)>;

  GuardedGenerator(ModelProvider& provider, const generation::CallPolicy& policy,
                   const Clock& clock, Sleep sleep)
      : provider_(provider),
        policy_(policy),
        clock_(clock),
        sleep_(std::move(sleep)),
        breaker_(policy.failures_to_open, policy.open_for) {}

  [[nodiscard]] std::string name() const override { return provider_.name(); }
  ModelAnswer Complete(const ModelRequest& request) override;
  [[nodiscard]] double CostBound(std::uint64_t prompt_tokens, int max_tokens) const override;

 private:
  struct Attempts;  // of one Complete
  CallFault Attempt(const ModelRequest& request, Attempts& attempts);
  bool WaitForNext(const ModelRequest& request, Attempts& attempts);
  void Count(generation::TokenCount tokens, ModelAnswer& answer) const;
  Status AskBreaker();
  void TellBreaker(CallFault last, const ModelAnswer& answer);

  ModelProvider& provider_;
  generation::CallPolicy policy_;
  const Clock& clock_;
  Sleep sleep_;
  std::mutex mutex_;
  generation::CircuitBreaker breaker_;
};

}  // namespace ratchet
