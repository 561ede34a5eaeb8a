#pragma once
// The daemon's log: one JSON object a line, {"time":..., "level":..., "message":...}; five files of
// 10 MB.

#include <memory>
#include <string>

namespace spdlog {
class logger;
}

namespace ratchet {

using JsonLog = std::shared_ptr<spdlog::logger>;

JsonLog OpenJsonLog(const std::string& path);

}  // namespace ratchet
