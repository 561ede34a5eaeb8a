#include "core/base/time.h"

#include <fmt/format.h>

#include <charconv>

namespace ratchet {

std::string FormatInstant(Instant t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(t - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

Result<Duration> ParseDuration(std::string_view text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the end is given
  const auto [rest, ec] = std::from_chars(text.data(), end, number);
  const std::string_view unit(rest, static_cast<size_t>(end - rest));
  std::int64_t scale = 0;
  if (unit == "ms") scale = 1;
  if (unit == "s") scale = 1000;
  if (unit == "m" || unit == "min") scale = 60'000;
  if (unit == "h") scale = 3'600'000;
  if (unit == "d") scale = 86'400'000;
  constexpr std::int64_t kLongest = 400LL * 86'400'000;  // keeps sums far from overflow
  if (ec != std::errc() || scale == 0 || number < 0 || number > kLongest / scale) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("\"{}\" is not a duration; allowed: a number with ms, s, m, h or d, "
                            "up to 400d, e.g. \"24h\"",
                            text));
  }
  return Duration(number * scale);
}

std::string FormatDuration(Duration d) {
  const std::int64_t ms = d.count();
  if (ms % 86'400'000 == 0 && ms != 0) return fmt::format("{}d", ms / 86'400'000);
  if (ms % 3'600'000 == 0 && ms != 0) return fmt::format("{}h", ms / 3'600'000);
  if (ms % 60'000 == 0 && ms != 0) return fmt::format("{}m", ms / 60'000);
  if (ms % 1000 == 0) return fmt::format("{}s", ms / 1000);
  return fmt::format("{}ms", ms);
}

}  // namespace ratchet
