#pragma once
// Why a language model stopped writing, in our words; a provider's words are read by
// generation::ReadStopReason.

namespace ratchet {

enum class StopReason {
  kEnd,      // it came to its own end, or said nothing of it
  kCutOff,   // by a limit or a fault: the text is not whole
  kRefused,  // by the model or a filter
};

}  // namespace ratchet
