#include "adapters/notify/webhook_notifier.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/model/serialize.h"

namespace ratchet {

Status WebhookNotifier::Send(const Alert& alert) {
  const std::string body = ToText(ToJson(alert));
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
