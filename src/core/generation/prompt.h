#pragma once
// The prompt for a language model. Telemetry is hostile: it is quoted as data, limited in length
// and redacted, and never names a file to write.

#include <string>
#include <vector>

#include "core/model/insight.h"

namespace ratchet::generation {

struct PromptFile {
  std::string path;
  std::string text;
};

struct PromptInput {
  Opportunity opportunity;
  std::string component_overview;  // the files of the component, one a line
  std::vector<PromptFile> files;   // code around the suspect; these may be changed
  std::string fence_tag;           // `language:path` of an example
  std::string repair_error;        // second round: what was wrong, word for word
};

struct Prompt {
  std::string system;
  std::string user;
};

Prompt WritePrompt(const PromptInput& input);

// A rough count for budgets: one token for three bytes, which overestimates for code.
std::uint64_t EstimateTokens(std::string_view text);

}  // namespace ratchet::generation
