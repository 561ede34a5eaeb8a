#include "adapters/files/report_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "adapters/files/safe_files.h"

namespace ratchet::files {

Status ReportFolder::Publish(const std::string& name, const std::string& json) {
  const std::string file = name + ".json", staged = fmt::format("{}.{}.new", file, ++staged_);
  const Descriptor folder(open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.ok()) return std::unexpected(SystemError("open " + folder_));
  const Descriptor out(openat(folder.get(), staged.c_str(),
                              O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!out.ok()) return std::unexpected(SystemError("create " + staged));
  const bool written =
      write(out.get(), json.data(), json.size()) == static_cast<ssize_t>(json.size()) &&
      fsync(out.get()) == 0 &&
      renameat(folder.get(), staged.c_str(), folder.get(), file.c_str()) == 0;
  if (!written) {
    const Error error = SystemError(fmt::format("write {}/{}", folder_, file));
    unlinkat(folder.get(), staged.c_str(), 0);
    return std::unexpected(error);
  }
  return SyncFolder(folder);
}

}  // namespace ratchet::files
