#pragma once
// What texts and lists of texts must be, beyond being text.

#include <span>
#include <string>
#include <string_view>

namespace ratchet::settings {

struct TextRule {
  bool (*holds)(std::string_view text);
  std::string_view allowed;  // says it to people
};

struct ListRule {
  bool (*holds)(std::span<const std::string> texts);
  std::string_view allowed;
};

extern const TextRule kAnyText, kSomeText, kUrl, kName, kJsonPointer;
extern const ListRule kAnyTexts;
extern const ListRule kNames;    // each once
extern const ListRule kGlobs;    // at least one; none leaves the folder it starts from
extern const ListRule kCommand;  // a program and its arguments
extern const ListRule kVariables;

}  // namespace ratchet::settings
