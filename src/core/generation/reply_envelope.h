#pragma once
// The JSON form of a reply: {"files": [{"path": "a/b.x", "content": "..."}]}.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ratchet::generation {

struct EnvelopeFile {
  std::string path, content;
};
// nullopt when it is not JSON of that shape. Broken JSON is not mended: code is held in it.
std::optional<std::vector<EnvelopeFile>> ReadEnvelope(std::string_view text);
// Meant as an envelope, well-formed or not.
bool LooksLikeEnvelope(std::string_view text);

}  // namespace ratchet::generation
