#pragma once
// Where a component's source comes from.

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/time.h"
#include "core/model/component.h"

namespace ratchet {

struct SourceFile {
  std::string path;  // relative to the component's root
  std::string text;
};

struct ComponentTree {
  std::vector<SourceFile> files;  // the component's code, by path
  std::string hash;
  Instant changed_at;  // the latest change of any of the files, or of its name
};

// Thread-safe; may run beside any deed of a deployer.
class SourceTree {
 public:
  virtual ~SourceTree() = default;
  // Every file that the component's `sources` name, and their hash as one version. Failure leaves
  // nothing behind: kNotFound without the folder, kUnavailable when it cannot be read now.
  virtual Result<ComponentTree> Read(const ComponentConfig& component) = 0;
};

}  // namespace ratchet
