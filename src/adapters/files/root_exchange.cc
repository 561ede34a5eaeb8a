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

// What stands beside a backup: a folder that is being made, one that is complete and about to be
// exchanged (or came out of the exchange), and space for the rollback.
constexpr const char* kBuilding = ".building";
constexpr const char* kStaged = ".staged";
constexpr const char* kReserve = ".reserve";

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

// The same file at a second place, which takes no space; a copy where links are not allowed.
// Nothing writes into a staged file: what changes is written anew beside it.
Status CopyEntry(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (fs::is_regular_file(fs::symlink_status(from)) && link(from.c_str(), to.c_str()) == 0)
    return {};
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
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;  // a pipe has no end
  const Descriptor source(open(from.c_str(), kFlags));
  const Descriptor target(open(to.c_str(), kFlags));
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
    TRY_STATUS(CopyEntry(it->path(), to / it->path().lexically_relative(from)));
  }
  if (error)
    return Fail(ErrorCode::kUnavailable,
                fmt::format("copy {}: {}", from.string(), error.message()));
  return {};
}

// Everything that lies in a folder, sources or not: what appears between copy and exchange would be
// lost with the old folder.
std::map<std::string, std::string> Listing(const fs::path& folder) {
  std::map<std::string, std::string> listing;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (it->is_directory() && (name == "__pycache__" || name == kKeptFolder)) {
      it.disable_recursion_pending();
      continue;
    }
    std::string& entry = listing[it->path().lexically_relative(folder).string()];
    if (it->is_symlink()) {
      entry = "link to " + fs::read_symlink(it->path(), error).string();
    } else if (it->is_directory()) {
      entry = "folder";
    } else {
      entry = fmt::format("file of {}", it->last_write_time(error).time_since_epoch().count());
    }
  }
  return listing;
}

// Room for the folders of another staging, which a rollback on a full disk gives free first.
Status ReserveSpace(const std::string& file, const std::string& folder) {
  constexpr off_t kLeast = 256 << 10, kMoreAFolder = 16 << 10;
  off_t bytes = kLeast;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    struct stat info{};
    if (it->is_directory() && lstat(it->path().c_str(), &info) == 0)
      bytes += info.st_size + kMoreAFolder;
  }
  const Descriptor reserve(open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!reserve.ok()) return std::unexpected(SystemError("create " + file));
  const int failed = posix_fallocate(reserve.get(), 0, bytes);
  if (failed == 0 && fsync(reserve.get()) == 0) return {};
  if (failed != 0) errno = failed;
  const Error reason = SystemError("reserve space for the rollback in " + file);
  unlink(file.c_str());
  return std::unexpected(reason);
}

// Puts the wanted content of one file into the staged folder: the very file of the backup where it
// has that content, else a new one.
Status StageFile(const RootSwap& swap, const Descriptor& staged, const std::string& staging,
                 const std::string& path, const std::string& text) {
  TRY(const auto parent, OpenParent(staged, path));
  TRY(const Descriptor old, OpenBeneath(staged, path, O_RDONLY));
  const std::string name = parent.second + ".ratchet-new";
  bool linked = false;
  if (const auto backup = OpenRoot(swap.kept); backup && ReadBeneath(*backup, path) == text) {
    const fs::path target = (fs::path(staging) / path).parent_path() / name;
    linked = link((fs::path(swap.kept) / path).c_str(), target.c_str()) == 0;
  }
  if (!linked) TRY_STATUS(WriteLike(parent.first, name, text, old));
  if (renameat(parent.first.get(), name.c_str(), parent.first.get(), parent.second.c_str()) != 0)
    return std::unexpected(SystemError("rename " + path));
  return {};
}

// The hash of a folder's sources; empty when it cannot be read.
std::string TreeOf(const std::string& folder, const std::vector<std::string>& sources) {
  const auto root = OpenRoot(folder);
  if (!root) return "";
  const auto tree = ReadTree(*root, sources);
  return tree ? tree->hash : "";
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

// "imp-000007", perhaps with what stands beside a backup: no other root's backup looks like that,
// also where one root's name begins with another's.
static bool IsBackupOf(std::string_view rest) {
  if (!rest.starts_with("imp-")) return false;
  rest.remove_prefix(4);
  const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  const std::string_view ending = rest.substr(digits);
  return digits > 0 &&
         (ending.empty() || ending == kBuilding || ending == kStaged || ending == kReserve);
}

void CleanKeptRoots(const std::string& root, const std::string& keep) {
  const fs::path path(root);
  const std::string prefix = fmt::format(".ratchet-{}-", path.filename().string());
  std::vector<fs::path> old;
  std::error_code error;
  for (auto it = fs::directory_iterator(path.parent_path(), error);
       !error && it != fs::directory_iterator(); it.increment(error)) {
    const std::string name = it->path().filename().string();
    const bool backup =
        name.starts_with(prefix) && IsBackupOf(std::string_view(name).substr(prefix.size()));
    if (backup && !it->path().string().starts_with(keep)) old.push_back(it->path());
  }
  for (const fs::path& folder : old) fs::remove_all(folder, error);
}

Result<RootExchange> FinishSwap(const RootSwap& swap) {
  const std::string staging = swap.kept + kStaged;
  std::error_code error;
  if (!fs::exists(staging)) return RootExchange::kDone;
  const std::string came_out = TreeOf(staging, swap.sources);
  if (came_out == swap.expected_tree) {
    fs::remove_all(swap.kept, error);
    fs::rename(staging, swap.kept, error);
    return RootExchange::kDone;
  }
  if (came_out.empty() || came_out == swap.wanted_tree) return RootExchange::kDone;  // never live
  TRY_STATUS(ExchangeFolders(staging, swap.root));
  fs::remove_all(staging, error);
  return RootExchange::kForeign;
}

Result<RootExchange> SwapRoot(const RootSwap& swap) {
  std::error_code error;
  // A rollback does not wait until somebody leaves the folder: their shell is in the old one then.
  if (swap.purpose == SwapPurpose::kDeploy) TRY_STATUS(RootIsExchangeable(swap.root));
  const std::string building = swap.kept + kBuilding, staging = swap.kept + kStaged,
                    reserve = swap.kept + kReserve;
  const auto before = Listing(swap.root);
  const auto forget = [&] {
    fs::remove_all(building, error);
    fs::remove_all(staging, error);
    if (swap.purpose == SwapPurpose::kDeploy) fs::remove(reserve, error);
  };
  const auto abandon = [&](Error reason) -> Result<RootExchange> {
    forget();
    return std::unexpected(std::move(reason));
  };
  // What a crash left between exchange and rename is the backup.
  const bool unnamed = swap.purpose == SwapPurpose::kRollBack && !fs::exists(swap.kept) &&
                       TreeOf(staging, swap.sources) == swap.wanted_tree;
  if (unnamed) fs::rename(staging, swap.kept, error);
  fs::remove_all(building, error);
  fs::remove_all(staging, error);
  if (swap.purpose == SwapPurpose::kRollBack) fs::remove(reserve, error);
  if (const auto copied = CopyFolder(swap.root, building); !copied) return abandon(copied.error());
  {
    TRY(const Descriptor staged, OpenRoot(building));
    for (const auto& [path, text] : swap.contents) {
      if (const auto done = StageFile(swap, staged, building, path, text); !done)
        return abandon(done.error());
    }
    TRY_STATUS(SyncFolder(staged));
  }
  if (swap.purpose == SwapPurpose::kDeploy) {
    if (const auto reserved = ReserveSpace(reserve, building); !reserved)
      return abandon(reserved.error());
  }
  if (rename(building.c_str(), staging.c_str()) != 0)
    return abandon(SystemError("rename " + building));
  if (const auto exchanged = ExchangeFolders(staging, swap.root); !exchanged)
    return abandon(exchanged.error());
  TRY(const Descriptor came_out, OpenRoot(staging));
  TRY(const ComponentTree tree, ReadTree(came_out, swap.sources));
  const bool foreign = tree.hash != swap.expected_tree;
  if (foreign || Listing(staging) != before) {
    TRY_STATUS(ExchangeFolders(staging, swap.root));
    forget();
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
