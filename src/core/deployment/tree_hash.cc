#include "core/deployment/tree_hash.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/hash.h"
#include "core/deployment/plan.h"

namespace ratchet::deployment {

std::string TreeHash(std::vector<FileDigest> files) {
  std::ranges::sort(files, {}, &FileDigest::path);
  std::string text;
  for (const auto& file : files) text += file.sha256 + "  " + file.path + "\n";
  return Sha256Hex(text);
}

Result<std::vector<FileDigest>> Apply(std::vector<FileDigest> files, const Change& change) {
  for (const FileChange& edit : change.files) {
    const auto at = std::ranges::find(files, edit.path, &FileDigest::path);
    const bool exists = at != files.end();
    if (exists != edit.before.has_value() || (exists && at->sha256 != Sha256Hex(*edit.before))) {
      return Fail(ErrorCode::kConflict,
                  edit.path + " is not the file that the change was made for");
    }
    if (exists) {
      at->sha256 = Sha256Hex(edit.after);
    } else {
      files.push_back({edit.path, Sha256Hex(edit.after)});
    }
  }
  return files;
}

Change Reverse(const Change& change) {
  Change reverse = change;
  for (FileChange& edit : reverse.files) {
    CHECK(edit.before.has_value(), "a file that the change added has no earlier content");
    std::swap(*edit.before, edit.after);
  }
  return reverse;
}

DeploymentPlan Reverse(const DeploymentPlan& plan) {
  DeploymentPlan back = plan;
  std::swap(back.expected, back.wanted.version);
  back.wanted.share = 1;
  back.change = Reverse(plan.change);
  return back;
}

}  // namespace ratchet::deployment
