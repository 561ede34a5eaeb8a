// The settings that are numbers and times.

#include <fmt/format.h>

#include <cstdio>

#include "core/settings/schema.h"

namespace ratchet::settings {
namespace {

std::string Quoted(Duration period) { return "\"" + FormatDuration(period) + "\""; }

std::optional<double> NumberOf(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value.data))
    return static_cast<double>(*whole);
  if (const auto* number = std::get_if<double>(&value.data)) return *number;
  return std::nullopt;
}

std::optional<Duration> PeriodOf(const Value& value) {
  if (const auto* period = std::get_if<Duration>(&value.data)) return *period;
  const auto* text = std::get_if<std::string>(&value.data);
  if (text == nullptr) return std::nullopt;
  const auto parsed = ParseDuration(*text);
  return parsed ? std::optional(*parsed) : std::nullopt;
}

std::optional<Duration> TimeOfDayOf(const Value& value) {
  const auto* text = std::get_if<std::string>(&value.data);
  int hours = 0, minutes = 0;
  char more = 0;
  if (text == nullptr || text->size() != 5 ||
      std::sscanf(text->c_str(), "%2d:%2d%c", &hours, &minutes, &more) != 2)
    return std::nullopt;
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  return std::chrono::hours(hours) + std::chrono::minutes(minutes);
}

std::string ShownTimeOfDay(Duration since_midnight) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(since_midnight).count();
  return fmt::format("\"{:02}:{:02}\"", minutes / 60, minutes % 60);
}

// Setters of T and of optional<T> alike.
template <typename Held, typename Read>
std::function<bool(const Value&)> Taking(Held& held, Read read) {
  return [&held, read](const Value& value) {
    const auto taken = read(value);
    if (!taken) return false;
    const auto found = *taken;
    held = found;
    return true;
  };
}

auto NumberIn(Between<double> range) {
  return [range](const Value& value) {
    const auto number = NumberOf(value);
    const bool inside = number && *number >= range.low && *number <= range.high;
    return inside ? number : std::nullopt;
  };
}

auto PeriodIn(Between<Duration> range) {
  return [range](const Value& value) {
    const auto period = PeriodOf(value);
    const bool inside = period && *period >= range.low && *period <= range.high;
    return inside ? period : std::nullopt;
  };
}

std::string AllowedNumber(Between<double> range) {
  return fmt::format("a number from {} to {}", range.low, range.high);
}

std::string AllowedPeriod(Between<Duration> range) {
  return fmt::format("a duration from \"{}\" to \"{}\"", FormatDuration(range.low),
                     FormatDuration(range.high));
}

}  // namespace

Setting& Schema::Number(std::string path, double& value, Between<double> range, std::string help) {
  return Add({.path = std::move(path),
              .allowed = AllowedNumber(range),
              .help = std::move(help),
              .type = Type::kNumber,
              .take = Taking(value, NumberIn(range)),
              .show = [&value] { return fmt::format("{}", value); }});
}

Setting& Schema::Number(std::string path, std::optional<double>& value, Between<double> range,
                        std::string help) {
  return Add({.path = std::move(path),
              .allowed = AllowedNumber(range),
              .help = std::move(help),
              .type = Type::kNumber,
              .take = Taking(value, NumberIn(range)),
              .show = [&value] { return value ? fmt::format("{}", *value) : ""; }});
}

Setting& Schema::Integer(std::string path, std::optional<int>& value, Between<std::int64_t> range,
                         std::string help) {
  return AddInteger(
      std::move(path), range, std::move(help),
      [&value](std::int64_t number) { value = static_cast<int>(number); },
      [&value] { return value ? std::optional<std::int64_t>(*value) : std::nullopt; });
}

Setting& Schema::AddInteger(std::string path, Between<std::int64_t> range, std::string help,
                            std::function<void(std::int64_t)> set,
                            std::function<std::optional<std::int64_t>()> get) {
  const auto take = [range, set = std::move(set)](const Value& value) {
    const auto* number = std::get_if<std::int64_t>(&value.data);
    if (number == nullptr || *number < range.low || *number > range.high) return false;
    set(*number);
    return true;
  };
  const auto show = [get = std::move(get)] {
    const auto number = get();
    return number ? std::to_string(*number) : "";
  };
  return Add({.path = std::move(path),
              .allowed = fmt::format("a whole number from {} to {}", range.low, range.high),
              .help = std::move(help),
              .type = Type::kNumber,
              .take = take,
              .show = show});
}

Setting& Schema::Period(std::string path, Duration& value, Between<Duration> range,
                        std::string help) {
  return Add({.path = std::move(path),
              .allowed = AllowedPeriod(range),
              .help = std::move(help),
              .type = Type::kPeriod,
              .take = Taking(value, PeriodIn(range)),
              .show = [&value] { return Quoted(value); }});
}

Setting& Schema::Period(std::string path, std::optional<Duration>& value, Between<Duration> range,
                        std::string help) {
  return Add({.path = std::move(path),
              .allowed = AllowedPeriod(range),
              .help = std::move(help),
              .type = Type::kPeriod,
              .take = Taking(value, PeriodIn(range)),
              .show = [&value] { return value ? Quoted(*value) : ""; }});
}

Setting& Schema::TimeOfDay(std::string path, Duration& since_midnight, std::string help) {
  return Add({.path = std::move(path),
              .allowed = "a time of day from \"00:00\" to \"23:59\"",
              .help = std::move(help),
              .take = Taking(since_midnight, TimeOfDayOf),
              .show = [&since_midnight] { return ShownTimeOfDay(since_midnight); }});
}

}  // namespace ratchet::settings
