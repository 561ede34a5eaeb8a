#pragma once
// What the command line's verbs do. Each returns the exit code; docs/cli.md documents them.

#include <functional>
#include <string>

#include "app/config.h"

namespace ratchet {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  // asked, and refused or failed
inline constexpr int kExitUsage = 2;
inline constexpr int kExitConfig = 3;
inline constexpr int kExitNoDaemon = 4;
inline constexpr int kExitNotIntact = 5;  // the audit log was tampered with; a gate failed

struct CommandOptions {
  std::string config_file = "ratchet.toml";
  std::string key;
  bool json = false;
  std::string id, tenant, why, component, change_dir, name, role = "viewer";
  std::vector<std::string> tenants;
  bool emergency = false;
  int max_improvements = -1;
  double window_hours = 0;
};

int RunCommand(const std::string& verb, const CommandOptions& options);

}  // namespace ratchet
