#pragma once
// Time as plain values: core code is given an Instant, it never asks for one.

#include <chrono>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace ratchet {

using Duration = std::chrono::milliseconds;
using Instant = std::chrono::sys_time<Duration>;  // UTC

// A half-open span of time: begin <= t < end.
struct Window {
  Instant begin;
  Instant end;
  [[nodiscard]] Duration length() const { return end - begin; }
  [[nodiscard]] bool Contains(Instant t) const { return begin <= t && t < end; }
};

inline std::int64_t ToMillis(Instant t) { return t.time_since_epoch().count(); }
inline Instant FromMillis(std::int64_t ms) { return Instant(Duration(ms)); }
inline double Seconds(Duration d) { return static_cast<double>(d.count()) / 1000.0; }

// "2026-01-31T12:00:00.000Z"
std::string FormatInstant(Instant t);
// "250ms", "90s", "24h", "7d"; a bare number is refused: a unit is always named.
Result<Duration> ParseDuration(std::string_view text);
std::string FormatDuration(Duration d);

}  // namespace ratchet
