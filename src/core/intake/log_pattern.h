#pragma once
// Log messages with their variable parts masked, so that the same failure has the same pattern.

#include <string>
#include <string_view>

namespace ratchet::intake {

// Masks numbers, hexadecimal ids, UUIDs, quoted text, addresses and paths as <*>. One pass,
// no regular expressions; at most 300 bytes of the message are looked at.
std::string MaskVariables(std::string_view message);

// A database statement with its literals and lists of literals masked.
std::string StatementShape(std::string_view statement);

}  // namespace ratchet::intake
