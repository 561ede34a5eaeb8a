#pragma once
// Alerts in the daemon's own log.

#include "adapters/notify/json_log.h"
#include "ports/notifier.h"

namespace ratchet {

class LogNotifier : public Notifier {
 public:
  explicit LogNotifier(JsonLog log) : log_(std::move(log)) {}
  Status Send(const Alert& alert) override;

 private:
  JsonLog log_;
};

}  // namespace ratchet
