#include "app/state_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "adapters/clock/system_clock.h"
#include "adapters/http/key_ring.h"
#include "core/base/hash.h"
#include "core/base/text.h"

namespace ratchet {
namespace fs = std::filesystem;

Result<std::string> ReadTextFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Fail(ErrorCode::kNotFound, path + " cannot be read");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<StateFolder> StateFolder::Prepare(const std::string& path) {
  StateFolder folder;
  folder.path_ = path;
  std::error_code error;
  fs::create_directories(path, error);
  if (error)
    return Fail(ErrorCode::kUnavailable, fmt::format("state folder {}: {}", path, error.message()));
  chmod(path.c_str(), 0700);
  for (const std::string& own : {folder.reports(), path + "/logs"}) {
    fs::create_directories(own, error);
    if (!fs::is_directory(own, error))
      return Fail(ErrorCode::kUnavailable, fmt::format("state folder: {} is no folder", own));
  }
  if (access(path.c_str(), R_OK | W_OK | X_OK) != 0)
    return Fail(ErrorCode::kUnavailable,
                fmt::format("state folder {}: {}", path, std::strerror(errno)));
  constexpr size_t kKeyBytes = 32;
  const std::string audit = path + "/audit.key";
  if (!fs::exists(audit, error)) {
    if (fs::exists(folder.state_db(), error))
      return Fail(ErrorCode::kDataLoss,
                  audit + " is missing: without it the audit log in " + folder.state_db() +
                      " cannot be verified; bring it back from a backup, or use another folder");
    TRY_STATUS(http::WritePrivateFile(audit, RandomSecret(kKeyBytes)));
  }
  if (!fs::exists(folder.cli_key_file(), error)) {
    const std::string key = RandomSecret(kKeyBytes);
    TRY(http::KeyRing ring, http::KeyRing::Load(folder.keys_file()));
    // A start that was interrupted here may have left a key that nobody has.
    TRY_STATUS(ring.Replace({.name = "local", .role = Role::kOperator, .sha256 = Sha256Hex(key)}));
    TRY_STATUS(http::WritePrivateFile(folder.cli_key_file(), key));
  }
  return folder;
}

Status StateFolder::Lock() {
  const std::string path = path_ + "/lock";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return Fail(ErrorCode::kUnavailable, "lock " + path);
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    close(file);
    return Fail(ErrorCode::kConflict, "another daemon works with the state folder " + path_);
  }
  return {};  // the descriptor stays open: the lock ends with the process
}

Result<std::string> StateFolder::AuditKey() const { return ReadTextFile(path_ + "/audit.key"); }

Result<std::string> StateFolder::CliKey() const {
  TRY(const std::string key, ReadTextFile(cli_key_file()));
  return std::string(Trim(key));
}

}  // namespace ratchet
