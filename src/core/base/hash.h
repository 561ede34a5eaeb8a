#pragma once
// SHA-256 and HMAC-SHA-256 (OpenSSL), as lower-case hexadecimal text.

#include <string>
#include <string_view>

namespace ratchet {

std::string Sha256Hex(std::string_view bytes);
std::string HmacSha256Hex(std::string_view key, std::string_view bytes);

// Compares in time that depends only on the lengths: for secrets.
bool EqualConstantTime(std::string_view a, std::string_view b);

std::string HexEncode(std::string_view bytes);
// Empty when `hex` has an odd length or a character that is no hexadecimal digit.
std::string HexDecode(std::string_view hex);

}  // namespace ratchet
