#pragma once
// The folder that holds everything a daemon must not lose, and its lock: one daemon a folder.

#include <memory>
#include <string>

#include "core/base/result.h"

namespace ratchet {

class StateFolder {
 public:
  // Makes the folder (0700), its sub-folders and keys where they are missing.
  static Result<StateFolder> Prepare(const std::string& path);

  // Holds the lock until the process ends. kConflict when another daemon has it.
  Status Lock();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string state_db() const { return path_ + "/state.db"; }
  [[nodiscard]] std::string telemetry_db() const { return path_ + "/telemetry.db"; }
  [[nodiscard]] std::string reserve_file() const { return path_ + "/reserve"; }
  [[nodiscard]] std::string keys_file() const { return path_ + "/keys.json"; }
  [[nodiscard]] std::string cli_key_file() const { return path_ + "/cli.key"; }
  [[nodiscard]] std::string reports() const { return path_ + "/reports"; }
  [[nodiscard]] std::string log_file() const { return path_ + "/logs/improvement_cycle.log"; }
  Result<std::string> AuditKey() const;
  Result<std::string> CliKey() const;

 private:
  std::string path_;
};

Result<std::string> ReadTextFile(const std::string& path);

}  // namespace ratchet
