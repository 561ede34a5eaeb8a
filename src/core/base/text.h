#pragma once
// Small pure functions on text that several modules need.

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ratchet {

std::string_view Trim(std::string_view text);
// Lines without their '\n'. A final newline does not add an empty line.
std::vector<std::string_view> SplitLines(std::string_view text);
std::vector<std::string> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
std::string Lowercase(std::string_view text);
std::string ReplaceAll(std::string_view text, std::string_view from, std::string_view to);
bool OneOf(std::string_view word, std::span<const std::string_view> words);
bool OneOf(std::string_view word, std::initializer_list<std::string_view> words);
bool IsValidUtf8(std::string_view bytes);
// At most `bytes` bytes, cut between characters, with a mark when something was cut.
std::string Shorten(std::string_view text, size_t bytes);
// Invalid sequences become U+FFFD, so that hostile bytes can be stored and printed as JSON.
std::string ToValidUtf8(std::string_view bytes);

}  // namespace ratchet
