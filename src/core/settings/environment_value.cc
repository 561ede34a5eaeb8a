#include "core/settings/environment_value.h"

#include <charconv>
#include <cmath>

#include "core/base/text.h"

namespace ratchet::settings {
namespace {

template <typename T>
std::optional<T> Whole(const std::string& text) {
  T number{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end ? std::optional(number) : std::nullopt;
}

std::optional<Duration> Counted(const std::string& text, Unit unit) {
  constexpr double kMost = 1e6;  // far more than any setting allows, and no overflow
  const auto number = Whole<double>(text);
  if (!number || !(std::abs(*number) <= kMost)) return std::nullopt;
  const double scale = unit == Unit::kHours ? 3'600'000 : 1000;
  return Duration(std::llround(*number * scale));
}

}  // namespace

Value EnvironmentValue(const Setting& setting, const std::string& text) {
  Value value{.data = text,
              .written = Written(text),
              .place = {.source = Source::kEnvironment, .name = setting.variable}};
  const std::string lower = Lowercase(text);
  if (setting.unit != Unit::kNone) {
    value.data = std::monostate();
    if (const auto period = Counted(text, setting.unit)) value.data = *period;
  } else if (setting.type == Type::kTexts) {
    Value::List items;
    for (const std::string& item : Split(text, ',')) items.push_back({.data = item});
    value.data = std::move(items);
  } else if (setting.type == Type::kFlag) {
    if (lower == "true" || lower == "1") value.data = true;
    if (lower == "false" || lower == "0") value.data = false;
  } else if (setting.type == Type::kNumber) {
    if (const auto number = Whole<double>(text)) value.data = *number;
    if (const auto number = Whole<std::int64_t>(text)) value.data = *number;
  }
  return value;
}

}  // namespace ratchet::settings
