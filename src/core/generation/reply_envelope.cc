#include "core/generation/reply_envelope.h"

#include <nlohmann/json.hpp>

#include "core/base/text.h"

namespace ratchet::generation {

std::optional<std::vector<EnvelopeFile>> ReadEnvelope(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto text_in = [](const nlohmann::json& item, const char* key) {
    return item.is_object() && item.contains(key) && item[key].is_string();
  };
  if (!json.is_object() || !json.contains("files") || !json["files"].is_array())
    return std::nullopt;
  std::vector<EnvelopeFile> files;
  for (const auto& item : json["files"]) {
    if (!text_in(item, "path") || !text_in(item, "content")) return std::nullopt;
    files.push_back({item["path"].get<std::string>(), item["content"].get<std::string>()});
  }
  return files;
}

bool LooksLikeEnvelope(std::string_view text) {
  return Trim(text).starts_with("{") && text.find("\"files\"") != std::string_view::npos &&
         text.find("\"content\"") != std::string_view::npos;
}

}  // namespace ratchet::generation
