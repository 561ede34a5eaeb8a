#include "core/settings/rules.h"

#include <algorithm>

namespace ratchet::settings {
namespace {

bool IsPrintable(std::string_view text) {
  return std::ranges::none_of(
      text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; });
}

bool IsUrl(std::string_view url) {
  const size_t host = url.starts_with("http://") ? 7 : url.starts_with("https://") ? 8 : url.size();
  const bool named = host < url.size() && url[host] != '/' && url[host] != ':';
  return named && IsPrintable(url) && !url.contains(' ');
}

bool IsName(std::string_view name) {
  return !name.empty() && IsPrintable(name) && !name.contains('/');
}

bool IsGlobBelow(std::string_view glob) {
  return !glob.empty() && !glob.starts_with('/') &&
         !("/" + std::string(glob) + "/").contains("/../");
}

bool HasZero(std::string_view text) { return text.contains('\0'); }

}  // namespace

const TextRule kAnyText = {[](std::string_view) { return true; }, "text in quotes"};
const TextRule kSomeText = {[](std::string_view text) { return !text.empty() && !HasZero(text); },
                            "text that is not empty"};
const TextRule kUrl = {[](std::string_view text) { return text.empty() || IsUrl(text); },
                       "an http or https URL"};
const TextRule kName = {IsName, "a name without slashes or control characters"};
const TextRule kJsonPointer = {
    [](std::string_view text) { return text.empty() || text.starts_with('/'); },
    "a JSON pointer, e.g. \"/files\""};

const ListRule kAnyTexts = {[](std::span<const std::string>) { return true; },
                            "a list of texts, e.g. [\"a\", \"b\"]"};
const ListRule kNames = {[](std::span<const std::string> names) {
                           return std::ranges::all_of(names, [&](const std::string& name) {
                             return IsName(name) && std::ranges::count(names, name) == 1;
                           });
                         },
                         "names, each once, without slashes or control characters"};
const ListRule kVariables = {[](std::span<const std::string> entries) {
                               return std::ranges::all_of(entries, [](const std::string& entry) {
                                 return !entry.empty() && !entry.starts_with('=') &&
                                        entry.find('\0') == std::string::npos;
                               });
                             },
                             "\"NAME=value\" or \"NAME\""};
const ListRule kGlobs = {[](std::span<const std::string> globs) {
                           return !globs.empty() && std::ranges::all_of(globs, IsGlobBelow);
                         },
                         "globs of files below the root, e.g. [\"app/**/*.py\"]"};
const ListRule kCommand = {[](std::span<const std::string> words) {
                             return !words.empty() && !words.front().empty() &&
                                    std::ranges::none_of(words, HasZero);
                           },
                           "a program and its arguments, e.g. [\"make\", \"check\"]"};

}  // namespace ratchet::settings
