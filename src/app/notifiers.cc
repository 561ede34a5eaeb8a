#include "app/notifiers.h"

#include "adapters/notify/log_notifier.h"
#include "adapters/notify/webhook_notifier.h"

namespace ratchet {

// The log first: it is there when the network is not.
std::vector<std::unique_ptr<Notifier>> ConfiguredNotifiers(const AppConfig& config,
                                                           HttpClient& http, const JsonLog& log) {
  std::vector<std::unique_ptr<Notifier>> all;
  all.push_back(std::make_unique<LogNotifier>(log));
  if (!config.webhook.empty())
    all.push_back(std::make_unique<WebhookNotifier>(config.webhook, http));
  return all;
}

}  // namespace ratchet
