#pragma once
// The outer shape of a reply: prose, fenced blocks, and edits that stand without a fence.

#include <string>
#include <vector>

namespace ratchet::generation {

struct Block {
  std::string info;                // the info string behind the opening fence
  std::vector<std::string> lines;  // without the fences
  std::vector<std::string> above;  // up to two lines of prose directly above, nearest last
  size_t fence_length = 0;         // 0: it stands without a fence
  char fence_character = '`';
  bool closed = true;
};

struct ReplyShape {
  std::vector<Block> blocks;
  std::string prose;  // everything outside of blocks
};

// Reads fences as CommonMark does (a closer is at least as long as its opener, four spaces of
// indent make content, quoted lines are prose).
ReplyShape ReadShape(std::vector<std::string> lines);

}  // namespace ratchet::generation
