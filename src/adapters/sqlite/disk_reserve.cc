#include "adapters/sqlite/disk_reserve.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstring>

namespace ratchet {

Status DiskReserve::Hold() {
  const std::scoped_lock lock(mutex_);
  if (held_) return {};
  const int file = open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  struct stat info{};
  struct statvfs disk{};
  int failed = file < 0 || fstat(file, &info) != 0 || fstatvfs(file, &disk) != 0 ? errno : 0;
  const bool there = info.st_blocks * 512 >= bytes_;  // from before
  if (failed == 0 && !there) {
    const std::uint64_t free = disk.f_bavail * disk.f_frsize;
    failed =
        free < 2 * static_cast<std::uint64_t>(bytes_) ? ENOSPC : posix_fallocate(file, 0, bytes_);
  }
  if (file >= 0) close(file);
  if (failed != 0) {
    unlink(file_.c_str());
    return Fail(failed == ENOSPC ? ErrorCode::kResourceExhausted : ErrorCode::kUnavailable,
                fmt::format("set {} MB aside in {}: {}", bytes_ >> 20, file_, strerror(failed)));
  }
  held_ = true;
  return {};
}

void DiskReserve::Release() {
  const std::scoped_lock lock(mutex_);
  unlink(file_.c_str());
  held_ = false;
}

}  // namespace ratchet
