#include "app/housekeeping.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/model/serialize.h"

namespace ratchet {
namespace {

constexpr Duration kSecond{1000}, kMinute{60'000}, kHour{3'600'000};

}  // namespace

void Housekeeping::Tick() {
  const Instant now = clock_.Now();
  if (now >= space_at_) Space(now);
  if (now < expire_at_ || full_) return;  // also deleting takes space first
  expire_at_ = now + kHour;
  if (const auto expired = telemetry_.Expire(now); !expired) Complain(expired.error().message);
}

void Housekeeping::Space(Instant now) {
  space_at_ = now + (reserve_.held() ? kSecond : kMinute);
  const bool was_full = std::exchange(full_, !reserve_.held());
  if (!full_) return;
  const Status held = reserve_.Hold();
  full_ = !held;
  if (held || was_full) return;
  Complain(held.error().message);
  (void)notifier_.Send(
      {.severity = AlertSeverity::kCritical,
       .title = "the disk is full",
       .text = "telemetry is refused; watching and rolling back go on: " + held.error().message,
       .at = now});  // it went into the log before
}

void Housekeeping::Complain(const std::string& message) {
  log_.error(
      ToText({{"time", FormatInstant(clock_.Now())}, {"level", "error"}, {"message", message}}));
}

}  // namespace ratchet
