#pragma once
// Signs that a reply is not the file it claims to be.

#include <string>
#include <string_view>
#include <vector>

namespace ratchet::generation {

// A new line that stands for code that is not there: "# ... rest of the code unchanged ...".
// Lines that the file had before are its own.
bool HasElision(const std::string& path, std::string_view text, std::string_view before);

// A file that loses all of its text, or one of at least 20 lines that shrinks below half and loses
// public definitions which the reply's prose does not mention.
bool ShrinksSuspiciously(std::string_view before, std::string_view after, std::string_view prose);

// A new line that a merge or an edit left behind.
bool HasConflictMarker(std::string_view text, std::string_view before);

bool HasTypographicQuotes(std::string_view text);

}  // namespace ratchet::generation
