#pragma once
// The outer shape of a reply: prose, fenced blocks, and edits that stand without a fence.

#include <string>
#include <string_view>
#include <vector>

namespace ratchet::generation {

struct Block {
  std::string info;                // the info string behind the opening fence
  std::vector<std::string> lines;  // without the fences
  std::vector<std::string> above;  // up to two lines of prose directly above, nearest last
  size_t fence_length = 0;         // 0: it stands without a fence
  bool closed = true;
};

struct ReplyShape {
  std::vector<Block> blocks;
  std::string prose;  // everything outside of blocks
  bool reasoning_stripped = false;
  bool outer_unwrapped = false;
};

// Reads fences as CommonMark does (a closer is at least as long as its opener, four spaces of
// indent make content, quoted lines are prose). `text` has LF line ends.
ReplyShape ReadShape(std::string_view text);

// Markers of SEARCH/REPLACE blocks: at least five of the character, then the word.
bool IsSearchMarker(std::string_view line);
bool IsDividerMarker(std::string_view line);
bool IsReplaceMarker(std::string_view line);

}  // namespace ratchet::generation
