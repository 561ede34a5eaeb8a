#pragma once
// Alerts go to the log, and to a webhook when one is configured (JSON, POST, three tries).

#include <memory>

#include "ports/http_client.h"
#include "ports/notifier.h"

namespace spdlog {
class logger;
}

namespace ratchet {

// One JSON object a line: {"time":..., "level":..., "message":...}.
std::shared_ptr<spdlog::logger> OpenJsonLog(const std::string& path);

class WebhookNotifier : public Notifier {
 public:
  WebhookNotifier(std::string url, HttpClient& http, std::shared_ptr<spdlog::logger> log)
      : url_(std::move(url)), http_(http), log_(std::move(log)) {}
  Status Send(const Alert& alert) override;

 private:
  std::string url_;
  HttpClient& http_;
  std::shared_ptr<spdlog::logger> log_;
};

}  // namespace ratchet
