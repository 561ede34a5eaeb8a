#pragma once
// Takes secrets out of text that leaves the house.

#include <string>
#include <string_view>

namespace ratchet::generation {

// Masks what looks like a key, a token, a password assignment, a private key block, an
// authorization header or credentials in a URL.
std::string RedactSecrets(std::string_view text);

}  // namespace ratchet::generation
