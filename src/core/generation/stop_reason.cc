#include "core/generation/stop_reason.h"

#include <array>

#include "core/base/text.h"

namespace ratchet::generation {
namespace {

// The model did not come to an end by itself.
constexpr auto kTruncated = std::to_array<std::string_view>(
    {"max_tokens", "length", "max_output_tokens", "model_context_window_exceeded", "incomplete",
     "model_length", "limit", "pause_turn", "abort", "aborted", "cancelled", "error", "failed",
     "malformed_function_call", "other", "timeout"});
constexpr auto kRefused = std::to_array<std::string_view>(
    {"refusal", "content_filter", "content_filtered", "safety", "recitation", "blocklist",
     "prohibited_content", "guardrail_intervened", "spii", "blocked", "error_toxic", "language"});

}  // namespace

// "FinishReason.MAX_TOKENS" is "max_tokens".
StopReason ReadStopReason(std::string_view as_said) {
  const size_t dot = as_said.rfind('.');
  const std::string plain =
      Lowercase(dot == std::string_view::npos ? as_said : as_said.substr(dot + 1));
  if (OneOf(plain, kTruncated)) return StopReason::kCutOff;
  return OneOf(plain, kRefused) ? StopReason::kRefused : StopReason::kEnd;
}

}  // namespace ratchet::generation
