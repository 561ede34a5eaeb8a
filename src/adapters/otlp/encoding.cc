#include "adapters/otlp/encoding.h"

#include <algorithm>
#include <array>

#include "adapters/otlp/otlp_json.h"
#include "core/base/text.h"

namespace ratchet::otlp {
namespace {

// An encoding joins here.
constexpr std::array kEncodings{&kJson};

bool IsUtf8(std::string_view parameter) {
  return !parameter.starts_with("charset=") || parameter == "charset=utf-8" ||
         parameter == "charset=\"utf-8\"";
}

}  // namespace

const Encoding* EncodingOf(std::string_view content_type) {
  const std::string lower = Lowercase(content_type);
  const auto parts = Split(lower, ';');
  for (size_t i = 1; i < parts.size(); ++i) {
    if (!IsUtf8(Trim(parts[i]))) return nullptr;
  }
  const auto at = std::ranges::find(kEncodings, Trim(parts.front()), &Encoding::media_type);
  return at == kEncodings.end() ? nullptr : *at;
}

std::string EncodingNames() {
  std::string names;
  for (const Encoding* encoding : kEncodings)
    names.append(names.empty() ? "" : ", ").append(encoding->media_type);
  return names;
}

const Encoding& FirstEncoding() { return *kEncodings.front(); }

}  // namespace ratchet::otlp
