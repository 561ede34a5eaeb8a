#include "app/profiles.h"

#include <array>

namespace ratchet {
namespace {

using namespace std::chrono_literals;

struct Profile {
  std::string_view name;
  Duration interval;
  std::int64_t concurrent_max;
  double quality_min, risk_max;
  Duration watch;
  double degradation_threshold;
};

constexpr std::array kProfiles = {
    Profile{"basic", 24h, 3, 0.85, 0.1, 1h, 0.10},
    Profile{"conservative", 168h, 1, 0.95, 0.05, 2h, 0.05},
    Profile{"aggressive", 6h, 5, 0.75, 0.2, 30min, 0.15},
};

}  // namespace

std::vector<std::pair<std::string_view, std::string>> ProfileChoices() {
  std::vector<std::pair<std::string_view, std::string>> choices;
  choices.reserve(std::size(kProfiles));
  for (const Profile& profile : kProfiles) choices.emplace_back(profile.name, profile.name);
  return choices;
}

settings::Value::Table ProfileNamed(const std::string& name) {
  settings::Value::Table values;
  for (const Profile& profile : kProfiles) {
    if (profile.name != name) continue;
    const auto set = [&](const char* path, decltype(settings::Value::data) data) {
      values[path] = {std::move(data), "", {settings::Source::kProfile, name}};
    };
    set("cycle.interval", profile.interval);
    set("cycle.max_concurrent", profile.concurrent_max);
    set("cycle.quality_min", profile.quality_min);
    set("cycle.risk_max", profile.risk_max);
    set("monitoring.duration", profile.watch);
    set("monitoring.degradation_threshold", profile.degradation_threshold);
  }
  return values;
}

}  // namespace ratchet
