#pragma once
// A SQLite file system in memory that can lose power.
//
// Writes become durable only with a sync. A power cut keeps, of every file, its synced bytes and a
// seeded random subset of the unsynced 512-byte sectors. It can also fail a seeded share of syncs
// and writes, and report a full disk. One process, one connection a file.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/random.h"

namespace ratchet::sim {

struct VirtualFile {
  std::string content;     // what a running process reads
  std::string durable;     // what survives a power cut
  std::set<size_t> dirty;  // sectors written since the last sync
  std::vector<std::vector<char>> shared_memory;
  bool delete_on_close = false;
};

class VirtualDisk {
 public:
  // Registers itself with SQLite under `name`, and takes itself out again.
  VirtualDisk(std::string name, std::uint64_t seed);
  ~VirtualDisk();
  VirtualDisk(const VirtualDisk&) = delete;
  VirtualDisk& operator=(const VirtualDisk&) = delete;

  // A process died: shared memory is gone, everything written stays.
  void Crash();
  // The machine died: unsynced sectors survive or not, each by chance.
  void CutPower();

  // After this many more disk operations every one fails, as if the machine had stopped there;
  // negative: never. Together with CutPower this is a power cut in the midst of a transaction.
  void FailAfter(int operations) { operations_left_ = operations; }
  void FillUp(bool full) { full_ = full; }
  [[nodiscard]] bool failed() const { return operations_left_ == 0; }

  [[nodiscard]] const std::string& name() const { return name_; }
  std::shared_ptr<VirtualFile> Find(const std::string& path);
  std::shared_ptr<VirtualFile> Create(const std::string& path);
  void Remove(const std::string& path) { files_.erase(path); }
  bool Step();  // counts one operation; false: it fails
  [[nodiscard]] bool full() const { return full_; }

 private:
  std::string name_;
  SeededRandom random_;
  std::map<std::string, std::shared_ptr<VirtualFile>> files_;
  int operations_left_ = -1;
  bool full_ = false;
  std::unique_ptr<struct VfsRegistration> registration_;
};

}  // namespace ratchet::sim
