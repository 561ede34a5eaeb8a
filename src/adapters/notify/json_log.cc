#include "adapters/notify/json_log.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/spdlog.h>

namespace ratchet {

JsonLog OpenJsonLog(const std::string& path) {
  constexpr size_t kFileBytes = 10U << 20;
  constexpr size_t kFiles = 5;
  auto log = std::make_shared<spdlog::logger>(
      path, std::make_shared<spdlog::sinks::rotating_file_sink_mt>(path, kFileBytes, kFiles));
  log->set_pattern("%v", spdlog::pattern_time_type::utc);
  log->flush_on(spdlog::level::info);
  return log;
}

}  // namespace ratchet
