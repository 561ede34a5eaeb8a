#include "adapters/files/root_exchange.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>

#include "adapters/files/file_exchange.h"

namespace ratchet::files {
namespace {

namespace fs = std::filesystem;

bool IsInside(const std::string& path, const std::string& root) {
  return path == root || path.starts_with(root + "/");
}

// Flags of an open descriptor, from /proc: octal, the lowest two bits are the access mode.
bool OpenForWriting(const fs::path& process, const std::string& fd) {
  std::ifstream info(process / "fdinfo" / fd);
  std::string word;
  while (info >> word) {
    if (word != "flags:") continue;
    info >> word;
    return (std::strtoul(word.c_str(), nullptr, 8) & O_ACCMODE) != O_RDONLY;
  }
  return false;
}

Status CheckProcess(const fs::path& process, const std::string& root) {
  std::error_code error;
  const fs::path cwd = fs::read_symlink(process / "cwd", error);
  if (!error && IsInside(cwd.string(), root)) {
    return Fail(
        ErrorCode::kConflict,
        fmt::format("process {} works inside {}: its working directory would be the old version",
                    process.filename().string(), root));
  }
  for (auto it = fs::directory_iterator(process / "fd", error);
       !error && it != fs::directory_iterator(); it.increment(error)) {
    std::error_code gone;
    const fs::path target = fs::read_symlink(it->path(), gone);
    if (gone || !IsInside(target.string(), root) ||
        !OpenForWriting(process, it->path().filename().string()))
      continue;
    return Fail(ErrorCode::kConflict, fmt::format("process {} has {} open for writing",
                                                  process.filename().string(), target.string()));
  }
  return {};
}

Status CopyEntry(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (fs::is_symlink(from)) {
    fs::copy_symlink(from, to, error);
  } else if (fs::is_directory(from)) {
    fs::create_directory(to, error);
  } else if (fs::is_regular_file(from)) {
    fs::copy_file(from, to, error);
  }
  if (error)
    return Fail(error == std::errc::no_space_on_device ? ErrorCode::kResourceExhausted
                                                       : ErrorCode::kUnavailable,
                fmt::format("copy {}: {}", from.string(), error.message()));
  if (fs::is_symlink(from)) return {};
  const Descriptor source(open(from.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  const Descriptor target(open(to.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!source.ok() || !target.ok()) return std::unexpected(SystemError("copy " + from.string()));
  TRY_STATUS(CopyAttributes(source, target));
  struct stat info{};
  fstat(source.get(), &info);
  const timespec times[2] = {info.st_atim, info.st_mtim};
  futimens(target.get(), times);
  if (fsync(target.get()) != 0) return std::unexpected(SystemError("sync " + to.string()));
  return {};
}

Status CopyFolder(const fs::path& from, const fs::path& to) {
  TRY_STATUS(CopyEntry(from, to));
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(from, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (it->is_directory() && (name == "__pycache__" || name == kKeptFolder)) {
      it.disable_recursion_pending();
      continue;
    }
    TRY_STATUS(CopyEntry(it->path(), to / fs::relative(it->path(), from)));
  }
  if (error)
    return Fail(ErrorCode::kUnavailable,
                fmt::format("copy {}: {}", from.string(), error.message()));
  return {};
}

// Everything that lies in a folder, sources or not: what appears between copy and exchange would be
// lost with the old folder.
std::map<std::string, std::int64_t> Listing(const fs::path& folder) {
  std::map<std::string, std::int64_t> listing;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (it->is_directory() && (name == "__pycache__" || name == kKeptFolder)) {
      it.disable_recursion_pending();
    } else if (it->is_regular_file(error)) {
      listing[fs::relative(it->path(), folder).string()] =
          it->last_write_time(error).time_since_epoch().count();
    }
  }
  return listing;
}

Status ExchangeFolders(const std::string& a, const std::string& b) {
  if (syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0)
    return {};
  return std::unexpected(SystemError("exchange " + b));
}

}  // namespace

Status RootIsExchangeable(const std::string& root) {
  struct stat own{}, parent{};
  if (stat(root.c_str(), &own) != 0 || stat((root + "/..").c_str(), &parent) != 0)
    return std::unexpected(SystemError("stat " + root));
  if (own.st_dev != parent.st_dev)
    return Fail(ErrorCode::kConflict, root + " is a mount point and cannot be exchanged");
  std::error_code error;
  for (auto it = fs::directory_iterator("/proc", error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos ||
        name == std::to_string(getpid()))
      continue;
    TRY_STATUS(CheckProcess(it->path(), root));
  }
  return {};
}

Result<RootExchange> SwapRoot(const RootSwap& swap) {
  std::error_code error;
  TRY_STATUS(RootIsExchangeable(swap.root));
  const std::string staging = swap.kept + ".staged";
  const auto before = Listing(swap.root);
  const auto abandon = [&](Error reason) -> Result<RootExchange> {
    fs::remove_all(staging, error);
    return std::unexpected(std::move(reason));
  };
  fs::remove_all(staging, error);
  if (const auto copied = CopyFolder(swap.root, staging); !copied) return abandon(copied.error());
  {
    TRY(const Descriptor staged, OpenRoot(staging));
    for (const auto& [path, text] : swap.contents) {
      auto parent = OpenParent(staged, path);
      const auto old = OpenBeneath(staged, path, O_RDONLY);
      if (!parent || !old) return abandon(parent ? old.error() : parent.error());
      if (const auto written =
              WriteLike(parent->first, parent->second + ".ratchet-new", text, *old);
          !written)
        return abandon(written.error());
      if (renameat(parent->first.get(), (parent->second + ".ratchet-new").c_str(),
                   parent->first.get(), parent->second.c_str()) != 0) {
        return abandon(SystemError("rename " + path));
      }
    }
    TRY_STATUS(SyncFolder(staged));
  }
  if (const auto exchanged = ExchangeFolders(staging, swap.root); !exchanged)
    return abandon(exchanged.error());
  TRY(const Descriptor came_out, OpenRoot(staging));
  TRY(const ComponentTree tree, ReadTree(came_out, swap.sources));
  const bool foreign = tree.hash != swap.expected_tree;
  if (foreign || Listing(staging) != before) {
    TRY_STATUS(ExchangeFolders(staging, swap.root));
    fs::remove_all(staging, error);
    if (foreign) return RootExchange::kForeign;
    return Fail(ErrorCode::kUnavailable, "files in " + swap.root + " changed while it was copied");
  }
  // Only now may an older backup go.
  fs::remove_all(swap.kept, error);
  fs::rename(staging, swap.kept, error);
  const Descriptor parent(open((swap.root + "/..").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  TRY_STATUS(SyncFolder(parent));
  return RootExchange::kDone;
}

}  // namespace ratchet::files
