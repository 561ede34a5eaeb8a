#include "core/cycle/effects.h"

#include <algorithm>
#include <array>

namespace ratchet::cycle {
namespace {

constexpr auto kEffectNames = std::to_array<std::string_view>(
    {"analyse", "generate", "validate", "measure_baseline", "deploy", "promote", "look",
     "roll_back", "rehearse", "inspect", "notify", "publish"});
constexpr auto kTimerNames = std::to_array<std::string_view>(
    {"look", "approval_expiry", "rollback_retry", "schedule", "baseline", "rehearsal", "inspection",
     "retention", "delivery"});

}  // namespace

std::string_view Name(EffectKind kind) { return kEffectNames[static_cast<size_t>(kind)]; }
std::string_view Name(TimerKind kind) { return kTimerNames[static_cast<size_t>(kind)]; }

std::optional<EffectKind> ParseEffectKind(std::string_view name) {
  const auto at = std::ranges::find(kEffectNames, name);
  if (at == kEffectNames.end()) return std::nullopt;
  return static_cast<EffectKind>(at - kEffectNames.begin());
}

std::optional<TimerKind> ParseTimerKind(std::string_view name) {
  const auto at = std::ranges::find(kTimerNames, name);
  if (at == kTimerNames.end()) return std::nullopt;
  return static_cast<TimerKind>(at - kTimerNames.begin());
}

bool RunsWhileStopped(EffectKind kind) {
  return kind == EffectKind::kLook || kind == EffectKind::kRollBack ||
         kind == EffectKind::kInspect || kind == EffectKind::kNotify ||
         kind == EffectKind::kPublish;
}

}  // namespace ratchet::cycle
