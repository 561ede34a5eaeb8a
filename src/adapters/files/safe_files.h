#pragma once
// Files below a root, reached by descriptor: no symbolic link on the way is ever followed, and no
// path leaves the root (openat2, RESOLVE_BENEATH).

#include <sys/stat.h>

#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "ports/source_tree.h"

namespace ratchet::files {

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

// "open /srv/app: No space left on device" with the code that fits errno.
Error SystemError(const std::string& doing);

// kNotFound, or kInvalidArgument when the root is a symbolic link or no folder.
Result<Descriptor> OpenRoot(const std::string& root);
Result<Descriptor> OpenBeneath(const Descriptor& root, const std::string& path, int flags);
// The folder of `path` and the last name in it.
Result<std::pair<Descriptor, std::string>> OpenParent(const Descriptor& root,
                                                      const std::string& path);
Result<std::string> ReadBeneath(const Descriptor& root, const std::string& path);

// The component's sources by path; hidden folders, byte code and Ratchet's own folder are left out.
Result<ComponentTree> ReadTree(const Descriptor& root, const std::vector<std::string>& sources);

// Writes a new file with the content, and owner, mode and attributes of `like`; durable when it
// returns.
Status WriteLike(const Descriptor& folder, const std::string& name, std::string_view content,
                 const Descriptor& like);
Status CopyAttributes(const Descriptor& from, const Descriptor& to);
Status SyncFolder(const Descriptor& folder);

}  // namespace ratchet::files
