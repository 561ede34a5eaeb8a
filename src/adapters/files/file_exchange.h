#pragma once
// Swapping one file for another in one atomic step, with the old one kept.
//
// renameat2(RENAME_EXCHANGE) puts the new file in place and the old one where the new one was: the
// very inode, with owner, mode and times. That is compare-and-swap (what came out is looked at, and
// put back when it is not what was expected), the backup, and a rollback that needs no disk space.

#include "adapters/files/safe_files.h"

namespace ratchet::files {

enum class Exchange { kDone, kForeign };

struct FileSwap {
  std::string path;       // beneath the root
  std::string kept_name;  // in .ratchet: the staged file before, the backup after
  std::string expected_sha256;
  std::string wanted;  // content; used when no kept file has it already
};

// kForeign: somebody else's content came out, and was put back.
Result<Exchange> SwapFile(const Descriptor& root, const FileSwap& swap);

// After a crash between the exchange and the look at what came out: when the kept file is somebody
// else's content, it is put back in place, unless others have written there since; then it stays in
// .ratchet under a name that ends with ".foreign". True: it was put back.
Result<bool> PutForeignBack(const Descriptor& root, const FileSwap& swap);

// Removes byte code of a source, so that a same-size edit within a second cannot serve the old
// code.
void RemoveByteCode(const Descriptor& root, const std::string& path);

// Removes kept files of other improvements; those of `keep` stay, and what is somebody else's.
void CleanKept(const Descriptor& root, const std::string& keep);

inline constexpr const char* kKeptFolder = ".ratchet";

}  // namespace ratchet::files
