#pragma once
// The ways to tell people that the configuration asks for.

#include <memory>
#include <vector>

#include "adapters/notify/json_log.h"
#include "app/config.h"
#include "ports/http_client.h"
#include "ports/notifier.h"

namespace ratchet {

std::vector<std::unique_ptr<Notifier>> ConfiguredNotifiers(const AppConfig& config,
                                                           HttpClient& http, const JsonLog& log);

}  // namespace ratchet
