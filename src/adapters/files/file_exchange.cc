#include "adapters/files/file_exchange.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "core/base/hash.h"

namespace ratchet::files {
namespace {

constexpr const char* kForeignEnding = ".foreign";

Result<Descriptor> OpenKept(const Descriptor& root) {
  if (mkdirat(root.get(), kKeptFolder, 0700) != 0 && errno != EEXIST) {
    return std::unexpected(SystemError(std::string("make ") + kKeptFolder));
  }
  return OpenBeneath(root, kKeptFolder, O_RDONLY | O_DIRECTORY);
}

Status ExchangeNames(const Descriptor& a, const std::string& name_a, const Descriptor& b,
                     const std::string& name_b) {
  if (syscall(SYS_renameat2, a.get(), name_a.c_str(), b.get(), name_b.c_str(), RENAME_EXCHANGE) ==
      0)
    return {};
  const bool mounted = errno == EXDEV;
  Error error = SystemError("exchange " + name_b);
  if (mounted) error.message += " (a mount point lies between the file and its component's root)";
  return std::unexpected(std::move(error));
}

std::vector<std::string> NamesIn(const Descriptor& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(fdopendir(dup(folder.get())), closedir);
  if (listing == nullptr) return names;
  rewinddir(listing.get());
  while (const dirent* entry = readdir(listing.get())) names.emplace_back(entry->d_name);
  return names;
}

}  // namespace

Result<Exchange> SwapFile(const Descriptor& root, const FileSwap& swap) {
  TRY(const Descriptor kept, OpenKept(root));
  TRY(const auto parent, OpenParent(root, swap.path));
  const auto& [folder, name] = parent;
  TRY(const Descriptor present, OpenBeneath(root, swap.path, O_RDONLY));
  const std::string kept_path = std::string(kKeptFolder) + "/" + swap.kept_name;
  const auto staged = ReadBeneath(root, kept_path);
  if (!staged || *staged != swap.wanted) {
    // Under the kept name there is never half a file: it could not be told from somebody else's.
    const std::string writing = swap.kept_name + ".writing";
    TRY_STATUS(WriteLike(kept, writing, swap.wanted, present));
    if (renameat(kept.get(), writing.c_str(), kept.get(), swap.kept_name.c_str()) != 0)
      return std::unexpected(SystemError("stage " + swap.path));
    TRY_STATUS(SyncFolder(kept));
  }
  TRY_STATUS(ExchangeNames(kept, swap.kept_name, folder, name));
  const auto came_out = ReadBeneath(root, kept_path);
  if (!came_out || Sha256Hex(*came_out) != swap.expected_sha256) {
    TRY_STATUS(ExchangeNames(kept, swap.kept_name, folder, name));
    unlinkat(kept.get(), swap.kept_name.c_str(), 0);
    return Exchange::kForeign;
  }
  RemoveByteCode(root, swap.path);
  TRY_STATUS(SyncFolder(folder));
  TRY_STATUS(SyncFolder(kept));
  return Exchange::kDone;
}

Result<bool> PutForeignBack(const Descriptor& root, const FileSwap& swap) {
  const std::string kept_path = std::string(kKeptFolder) + "/" + swap.kept_name;
  const auto kept = ReadBeneath(root, kept_path);
  if (!kept || Sha256Hex(*kept) == swap.expected_sha256 || *kept == swap.wanted) return false;
  TRY(const Descriptor folder, OpenKept(root));
  TRY(const auto parent, OpenParent(root, swap.path));
  const auto present = ReadBeneath(root, swap.path);
  if (present && *present == swap.wanted) {
    TRY_STATUS(ExchangeNames(folder, swap.kept_name, parent.first, parent.second));
    const auto came_out = ReadBeneath(root, kept_path);
    if (came_out && *came_out == swap.wanted) {
      unlinkat(folder.get(), swap.kept_name.c_str(), 0);
      RemoveByteCode(root, swap.path);
      TRY_STATUS(SyncFolder(parent.first));
      TRY_STATUS(SyncFolder(folder));
      return true;
    }
    TRY_STATUS(ExchangeNames(folder, swap.kept_name, parent.first, parent.second));
  }
  const std::string foreign = swap.kept_name + kForeignEnding;
  if (renameat(folder.get(), swap.kept_name.c_str(), folder.get(), foreign.c_str()) != 0)
    return std::unexpected(SystemError("keep " + foreign));
  TRY_STATUS(SyncFolder(folder));
  return false;
}

void RemoveByteCode(const Descriptor& root, const std::string& path) {
  if (!path.ends_with(".py")) return;
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  const std::string stem =
      path.substr(slash == std::string::npos ? 0 : slash + 1,
                  path.size() - 3 - (slash == std::string::npos ? 0 : slash + 1));
  const auto cache = OpenBeneath(root, folder + "__pycache__", O_RDONLY | O_DIRECTORY);
  if (!cache) return;
  for (const std::string& name : NamesIn(*cache)) {
    if (name.starts_with(stem + ".") && name.ends_with(".pyc"))
      unlinkat(cache->get(), name.c_str(), 0);
  }
}

void CleanKept(const Descriptor& root, const std::string& keep) {
  const auto kept = OpenBeneath(root, kKeptFolder, O_RDONLY | O_DIRECTORY);
  if (!kept) return;
  for (const std::string& name : NamesIn(*kept)) {
    if (name != "." && name != ".." && !name.starts_with(keep + ".") &&
        !name.ends_with(kForeignEnding))
      unlinkat(kept->get(), name.c_str(), 0);
  }
}

}  // namespace ratchet::files
