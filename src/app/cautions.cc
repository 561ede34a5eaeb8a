#include "app/cautions.h"

#include <fmt/format.h>

#include <filesystem>

namespace ratchet {

std::vector<std::string> Cautions(const AppConfig& config) {
  std::vector<std::string> cautions;
  for (const auto& [id, component] : config.engine.components) {
    const auto say = [&](std::string_view what) {
      cautions.push_back(fmt::format("component {}: {}", id.value, what));
    };
    std::error_code error;
    if (!std::filesystem::exists(component.root, error))
      say(component.root + " does not exist: it is unavailable until it does");
    if (component.autonomy < Autonomy::kSuggest) continue;
    if (component.tests.command.empty())
      say("has no [component.tests]: no change of it can pass the gates");
    if (component.autonomy > Autonomy::kSuggest && component.reload.kind == ReloadKind::kNone)
      say("has no [component.reload]: a change stays only if the service loads files by itself");
    if (component.autonomy == Autonomy::kAuto && !config.engine.autonomous_improvements)
      say("autonomy is auto, but ENABLE_AUTONOMOUS_IMPROVEMENTS is off: a person must approve");
  }
  return cautions;
}

}  // namespace ratchet
