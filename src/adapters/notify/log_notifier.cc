#include "adapters/notify/log_notifier.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "core/model/serialize.h"

namespace ratchet {

Status LogNotifier::Send(const Alert& alert) {
  log_->info(ToText({{"time", FormatInstant(alert.at)},
                     {"level", alert.severity == AlertSeverity::kInfo ? "info" : "error"},
                     {"message", "alert: " + alert.title},
                     {"alert", ToJson(alert)}}));
  return {};
}

}  // namespace ratchet
