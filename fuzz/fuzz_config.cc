// Any bytes as ratchet.toml, and after a zero byte as lines of the environment: read, or refused
// with a message a line; and no secret in what is shown.

#include <cstdlib>

#include "app/config.h"
#include "core/base/text.h"

namespace {

constexpr const char* kSecret = "s3cret of the model";

ratchet::Environment EnvironmentOf(std::string_view text) {
  ratchet::Environment environment = {{"OPENAI_API_KEY", kSecret}};
  for (const std::string_view line : ratchet::SplitLines(text)) {
    const size_t equals = line.find('=');
    if (equals != std::string_view::npos)
      environment.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return environment;
}

void Demand(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t zero = all.find('\0');
  const std::string_view file = all.substr(0, zero);
  const std::string_view rest = zero == std::string_view::npos ? "" : all.substr(zero + 1);
  const auto config = ratchet::ParseConfig(file, "ratchet.toml", "/tmp", EnvironmentOf(rest));
  if (!config) {
    for (const std::string_view line : ratchet::SplitLines(config.error().message))
      Demand(line.starts_with("ratchet.toml") || line.starts_with("environment ") ||
             line.starts_with("profile "));
    Demand(!config.error().message.empty());
    return 0;
  }
  const bool said = all.contains(kSecret);  // by the input itself
  for (const auto& row : config->rows)
    Demand(!row.path.empty() && (said || !row.value.contains(kSecret)));
  return 0;
}
