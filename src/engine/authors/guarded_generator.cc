#include "engine/authors/guarded_generator.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/generation/prompt.h"
#include "core/generation/stop_reason.h"

namespace ratchet {
namespace {

using generation::TokenCount;

std::uint64_t PromptTokens(const ModelPrompt& prompt) {
  return generation::EstimateTokens(prompt.system) + generation::EstimateTokens(prompt.user);
}

// An unknown use counts as the most it can be.
TokenCount MostTokens(const ModelPrompt& prompt) {
  return {.in = PromptTokens(prompt), .out = static_cast<std::uint64_t>(prompt.max_tokens)};
}

TokenCount TokensOf(const ProviderReply& reply, const ModelPrompt& prompt) {
  return {.in = reply.tokens_in > 0 ? reply.tokens_in : PromptTokens(prompt),
          .out = reply.tokens_out > 0 ? reply.tokens_out : generation::EstimateTokens(reply.text)};
}

}  // namespace

struct GuardedGenerator::Attempts {
  Instant deadline;
  int made = 0;
  Duration retry_after{0};  // asked for by the last one
  ModelAnswer answer;
};

double GuardedGenerator::CostBound(std::uint64_t prompt_tokens, int max_tokens) const {
  return (policy_.retries + 1) *
         generation::CostOf(policy_.prices,
                            {.in = prompt_tokens, .out = static_cast<std::uint64_t>(max_tokens)});
}

ModelAnswer GuardedGenerator::Complete(const ModelRequest& request) {
  const Duration longest = generation::LongestCall(policy_);
  Attempts attempts{.deadline = clock_.Now() + std::min(longest, request.within.value_or(longest))};
  if (Status open = AskBreaker(); !open) {
    attempts.answer.reply = std::unexpected(open.error());
    return attempts.answer;
  }
  CallFault last = Attempt(request, attempts);
  while (last == CallFault::kPassing && WaitForNext(request, attempts))
    last = Attempt(request, attempts);
  TellBreaker(last, attempts.answer);
  return std::move(attempts.answer);
}

// kFinal also with a reply: there is no next attempt.
CallFault GuardedGenerator::Attempt(const ModelRequest& request, Attempts& attempts) {
  ++attempts.made;
  const Duration left = attempts.deadline - clock_.Now();
  ProviderAnswer said = provider_.Ask(request.prompt, std::min(policy_.timeout, left));
  ModelAnswer& answer = attempts.answer;
  if (said) {
    Count(TokensOf(*said, request.prompt), answer);
    answer.reply = ModelReply{.text = std::move(said->text),
                              .stop = generation::ReadStopReason(said->stop_reason)};
    return CallFault::kFinal;
  }
  CallFailure& failure = said.error();
  if (failure.billed == Billed::kPerhaps) Count(MostTokens(request.prompt), answer);
  attempts.retry_after = failure.retry_after;
  answer.reply = std::unexpected(failure.error.Within(name()));
  return failure.fault;
}

// Whether there is another attempt; else the answer says why not.
bool GuardedGenerator::WaitForNext(const ModelRequest& request, Attempts& attempts) {
  if (attempts.made > policy_.retries) return false;
  const auto& failed = attempts.answer.reply.error();
  const Duration wait = generation::WaitBefore(attempts.made, attempts.retry_after, policy_);
  if (clock_.Now() + wait >= attempts.deadline) {
    attempts.answer.reply =
        Fail(ErrorCode::kTimeout, "no time is left for another try: " + failed.message);
    return false;
  }
  sleep_(wait);
  if (request.hold && request.hold()) {
    attempts.answer.reply =
        std::unexpected(failed.Within("stopped before another try of what failed"));
    return false;
  }
  return true;
}

void GuardedGenerator::Count(TokenCount tokens, ModelAnswer& answer) const {
  answer.tokens += tokens.in + tokens.out;
  answer.cost_usd += generation::CostOf(policy_.prices, tokens);
}

Status GuardedGenerator::AskBreaker() {
  const std::scoped_lock lock(mutex_);
  if (breaker_.Ask(clock_.Now()) == generation::CircuitBreaker::Answer::kCall) return {};
  return Fail(ErrorCode::kUnavailable,
              fmt::format("{} failed {} times in a row; it is asked again after {}", name(),
                          policy_.failures_to_open, FormatInstant(breaker_.open_until())));
}

// A server that says no is there.
void GuardedGenerator::TellBreaker(CallFault last, const ModelAnswer& answer) {
  const std::scoped_lock lock(mutex_);
  if (!answer.reply && last == CallFault::kPassing)
    breaker_.Failed(clock_.Now());
  else
    breaker_.Succeeded();
}

}  // namespace ratchet
