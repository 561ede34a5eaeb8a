#pragma once
// The command line's side of the API: finds the daemon and the key, asks, and reads the answer.

#include <nlohmann/json_fwd.hpp>

#include "app/config.h"

namespace ratchet {

class Client {
 public:
  // `key`: as given by flag or RATCHET_KEY, else the local one from the state folder.
  Client(const AppConfig& config, std::string key);
  // The daemon's JSON; errors carry the daemon's own words. kUnavailable: no daemon answers.
  Result<nlohmann::json> Get(const std::string& path) const;
  Result<nlohmann::json> Post(const std::string& path, const nlohmann::json& body) const;

 private:
  Result<nlohmann::json> Ask(const std::string& method, const std::string& path,
                             const std::string& body) const;
  std::string base_, key_;
};

}  // namespace ratchet
