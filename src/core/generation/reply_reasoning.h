#pragma once
// Drafts that a reasoning model leaks into its reply. They are no part of the answer.

#include <string>
#include <string_view>
#include <vector>

namespace ratchet::generation {

struct Answer {
  std::vector<std::string> lines;
  bool reasoning_stripped = false;
};

// Takes away what stands between reasoning tags, outside of fences; a draft that is never ended
// takes the rest of the reply with it. `text` has LF line ends.
Answer StripReasoning(std::string_view text);

}  // namespace ratchet::generation
