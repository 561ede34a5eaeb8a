#pragma once
// Alerts to a webhook: JSON, POST, three tries.

#include <string>

#include "ports/http_client.h"
#include "ports/notifier.h"

namespace ratchet {

class WebhookNotifier : public Notifier {
 public:
  WebhookNotifier(std::string url, HttpClient& http) : url_(std::move(url)), http_(http) {}
  Status Send(const Alert& alert) override;

 private:
  std::string url_;
  HttpClient& http_;
};

}  // namespace ratchet
