#pragma once
// What a single line of a reply can be: a fence, a marker of an edit, a comment.

#include <optional>
#include <string>
#include <string_view>

namespace ratchet::generation {

struct Fence {
  char character = '`';
  size_t length = 0, indent = 0;
  std::string info;
};

// As CommonMark reads it: at least three, indented by at most three spaces.
std::optional<Fence> ReadFence(std::string_view line);
// A closer has its opener's character, at least its length, and no info string.
bool Closes(const Fence& closer, const Fence& opener);

// Markers of SEARCH/REPLACE blocks: five to nine of the character, then the word.
bool IsSearchMarker(std::string_view line);
bool IsDividerMarker(std::string_view line);
bool IsReplaceMarker(std::string_view line);
// A line that a merge or an edit leaves behind, and that is no code: "<<<<<<< HEAD".
bool IsConflictMarker(std::string_view line);

// The text of a line that is only a comment; nullopt for any other line.
std::optional<std::string_view> CommentOf(std::string_view line);

}  // namespace ratchet::generation
