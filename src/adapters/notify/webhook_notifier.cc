#include "adapters/notify/webhook_notifier.h"

#include <fmt/format.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/model/names.h"
#include "core/model/serialize.h"

namespace ratchet {

std::shared_ptr<spdlog::logger> OpenJsonLog(const std::string& path) {
  constexpr size_t kFileBytes = 10U << 20;
  constexpr size_t kFiles = 5;
  auto log = std::make_shared<spdlog::logger>(
      path, std::make_shared<spdlog::sinks::rotating_file_sink_mt>(path, kFileBytes, kFiles));
  log->set_pattern("%v", spdlog::pattern_time_type::utc);
  log->flush_on(spdlog::level::info);
  return log;
}

Status WebhookNotifier::Send(const Alert& alert) {
  const std::string body = ToText(ToJson(alert));
  log_->info(ToText({{"time", FormatInstant(alert.at)},
                     {"level", alert.severity == AlertSeverity::kInfo ? "info" : "error"},
                     {"message", "alert: " + alert.title},
                     {"alert", ToJson(alert)}}));
  if (url_.empty()) return {};
  Status last;
  for (int i = 0; i < 3; ++i) {
    if (i > 0) std::this_thread::sleep_for(std::chrono::seconds(1 << i));
    const auto answer = http_.Send({.method = "POST",
                                    .url = url_,
                                    .headers = {{"Content-Type", "application/json"}},
                                    .body = body,
                                    .timeout = Duration(5'000),
                                    .proxy = Proxy::kOfEnvironment});
    if (answer && answer->status / 100 == 2) return {};
    last = answer ? Fail(ErrorCode::kUnavailable,
                         fmt::format("the webhook answered {}", answer->status))
                  : Status(std::unexpected(answer.error().Within("webhook")));
  }
  return last;
}

}  // namespace ratchet
