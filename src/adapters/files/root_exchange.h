#pragma once
// Changes of several files: the component's root folder is exchanged as a whole, in one step.

#include "adapters/files/safe_files.h"

namespace ratchet::files {

// Why the root cannot be exchanged, if so: it is a mount point, a process works inside it or has a
// file in it open for writing (its writes would go to the old folder).
Status RootIsExchangeable(const std::string& root);

enum class SwapPurpose { kDeploy, kRollBack };

struct RootSwap {
  SwapPurpose purpose = SwapPurpose::kDeploy;
  std::string root;  // absolute
  std::string kept;  // absolute, beside the root: the staged copy before, the backup after
  std::vector<std::pair<std::string, std::string>> contents;  // path → new text
  std::vector<std::string> sources;
  std::string expected_tree;  // of the folder that comes out
  std::string wanted_tree;    // of the folder that goes in
};

// The staged folder has links to the unchanged files where the system allows them. A deployment
// reserves the little space that its rollback needs; a rollback takes the old files from the
// backup.
//
// kForeign: the sources that came out are somebody else's. An error kUnavailable also when other
// files of the folder changed meanwhile: nothing was lost, and it may be tried again.
enum class RootExchange { kDone, kForeign };
Result<RootExchange> SwapRoot(const RootSwap& swap);

// After a crash between the exchange and the look at what came out: finishes it, or puts somebody
// else's folder back (kForeign).
Result<RootExchange> FinishSwap(const RootSwap& swap);

// Removes the backups of other deployments beside the root; those that begin with `keep` stay.
void CleanKeptRoots(const std::string& root, const std::string& keep);

}  // namespace ratchet::files
