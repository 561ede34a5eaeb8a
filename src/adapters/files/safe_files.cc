#include "adapters/files/safe_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "core/base/glob.h"
#include "core/base/hash.h"
#include "core/base/path.h"
#include "core/deployment/tree_hash.h"

namespace ratchet::files {
namespace {

constexpr size_t kFilesMax = 20'000;
constexpr off_t kFileBytesMax = 4 << 20;  // larger sources are refused, not cut

bool IsSkippedFolder(std::string_view name) {
  return name.starts_with('.') || name == "__pycache__" || name == "node_modules" || name == "venv";
}

class TreeWalker {
 public:
  TreeWalker(const Descriptor& root, const std::vector<std::string>& sources)
      : root_(root), sources_(sources) {}

  Status Walk(const std::string& folder) {
    TRY(const Descriptor opened,
        OpenBeneath(root_, folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY));
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(fdopendir(dup(opened.get())), closedir);
    if (listing == nullptr) return std::unexpected(SystemError("list " + folder));
    std::vector<std::string> names;
    while (const dirent* entry = readdir(listing.get())) names.emplace_back(entry->d_name);
    std::ranges::sort(names);
    for (const std::string& name : names) {
      if (name == "." || name == "..") continue;
      struct stat info{};
      if (fstatat(opened.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
        continue;  // gone meanwhile
      const std::string path = folder.empty() ? name : fmt::format("{}/{}", folder, name);
      if (S_ISDIR(info.st_mode) && !IsSkippedFolder(name)) TRY_STATUS(Walk(path));
      if (S_ISREG(info.st_mode) && MatchesAny(sources_, path)) TRY_STATUS(Add(path, info));
    }
    return {};
  }

  ComponentTree Take() {
    std::vector<FileDigest> digests;
    digests.reserve(tree_.files.size());
    for (const SourceFile& file : tree_.files) digests.push_back({file.path, Sha256Hex(file.text)});
    tree_.hash = deployment::TreeHash(std::move(digests));
    return std::move(tree_);
  }

 private:
  Status Add(const std::string& path, const struct stat& info) {
    if (info.st_size > kFileBytesMax || tree_.files.size() >= kFilesMax) {
      return Fail(ErrorCode::kResourceExhausted,
                  fmt::format("{}: at most {} source files of {} MB are allowed", path, kFilesMax,
                              kFileBytesMax >> 20));
    }
    TRY(std::string text, ReadBeneath(root_, path));
    tree_.files.push_back({path, std::move(text)});
    // The change time cannot be set: a release that keeps its files' own times shows, too.
    const Instant changed =
        FromMillis(info.st_ctim.tv_sec * 1000 + info.st_ctim.tv_nsec / 1'000'000);
    tree_.changed_at = std::max(tree_.changed_at, changed);
    return {};
  }

  const Descriptor& root_;
  const std::vector<std::string>& sources_;
  ComponentTree tree_;
};

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

Error SystemError(const std::string& doing) {
  const int code = errno;
  ErrorCode kind = ErrorCode::kUnavailable;
  if (code == ENOENT || code == ENOTDIR) kind = ErrorCode::kNotFound;
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) kind = ErrorCode::kResourceExhausted;
  if (code == EACCES || code == EPERM || code == EROFS || code == EXDEV || code == ELOOP)
    kind = ErrorCode::kPermissionDenied;
  return {kind, fmt::format("{}: {}", doing, std::strerror(code))};
}

Result<Descriptor> OpenRoot(const std::string& root) {
  struct stat info{};
  if (lstat(root.c_str(), &info) != 0)
    return std::unexpected(SystemError("component root " + root));
  if (S_ISLNK(info.st_mode)) {
    return Fail(ErrorCode::kInvalidArgument,
                "component root " + root + " is a symbolic link; allowed: the folder itself");
  }
  Descriptor opened(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened.ok()) return std::unexpected(SystemError("component root " + root));
  return opened;
}

Result<Descriptor> OpenBeneath(const Descriptor& root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<__u64>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  Descriptor opened(
      static_cast<int>(syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof(how))));
  if (!opened.ok()) return std::unexpected(SystemError("open " + path));
  return opened;
}

Result<std::pair<Descriptor, std::string>> OpenParent(const Descriptor& root,
                                                      const std::string& path) {
  TRY(const std::string normal, NormaliseRelativePath(path));
  const size_t slash = normal.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : normal.substr(0, slash);
  TRY(Descriptor opened, OpenBeneath(root, folder, O_RDONLY | O_DIRECTORY));
  return std::pair(std::move(opened),
                   slash == std::string::npos ? normal : normal.substr(slash + 1));
}

Result<std::string> ReadBeneath(const Descriptor& root, const std::string& path) {
  TRY(const Descriptor file, OpenBeneath(root, path, O_RDONLY));
  std::string text;
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t got = read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(SystemError("read " + path));
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<size_t>(got));
  }
}

Result<ComponentTree> ReadTree(const Descriptor& root, const std::vector<std::string>& sources) {
  TreeWalker walker(root, sources);
  TRY_STATUS(walker.Walk(""));
  return walker.Take();
}

Status CopyAttributes(const Descriptor& from, const Descriptor& to) {
  struct stat info{};
  if (fstat(from.get(), &info) != 0) return std::unexpected(SystemError("stat"));
  // Only root may give files away; everybody else already is the owner, or keeps the group it may.
  if (fchown(to.get(), info.st_uid, info.st_gid) != 0 && geteuid() == 0)
    return std::unexpected(SystemError("chown"));
  if (fchmod(to.get(), info.st_mode & 07777) != 0) return std::unexpected(SystemError("chmod"));
  std::array<char, 4096> names{};
  const ssize_t size = flistxattr(from.get(), names.data(), names.size());
  for (ssize_t at = 0; at < size;) {
    const char* name = names.data() + at;
    std::array<char, 65536> value;
    const ssize_t length = fgetxattr(from.get(), name, value.data(), value.size());
    if (length >= 0)
      fsetxattr(to.get(), name, value.data(), static_cast<size_t>(length),
                0);  // best effort: some are the system's
    at += static_cast<ssize_t>(std::strlen(name)) + 1;
  }
  return {};
}

Status WriteLike(const Descriptor& folder, const std::string& name, std::string_view content,
                 const Descriptor& like) {
  const auto undo = [&](Error error) -> Status {
    unlinkat(folder.get(), name.c_str(), 0);
    return std::unexpected(std::move(error));
  };
  unlinkat(folder.get(), name.c_str(), 0);  // a left-over of an interrupted attempt
  const Descriptor file(openat(folder.get(), name.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.ok()) return std::unexpected(SystemError("create " + name));
  while (!content.empty()) {
    const ssize_t put = write(file.get(), content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return undo(SystemError("write " + name));
    content.remove_prefix(static_cast<size_t>(put));
  }
  if (const auto copied = CopyAttributes(like, file); !copied) return undo(copied.error());
  // Byte code is trusted by the second and size of its source: never the same second as the old
  // one.
  struct stat old{}, made{};
  fstat(like.get(), &old);
  fstat(file.get(), &made);
  if (old.st_mtim.tv_sec == made.st_mtim.tv_sec) {
    const timespec times[2] = {{0, UTIME_OMIT}, {made.st_mtim.tv_sec + 1, 0}};
    futimens(file.get(), times);
  }
  if (fsync(file.get()) != 0) return undo(SystemError("sync " + name));
  return {};
}

Status SyncFolder(const Descriptor& folder) {
  if (fsync(folder.get()) != 0) return std::unexpected(SystemError("sync folder"));
  return {};
}

}  // namespace ratchet::files
