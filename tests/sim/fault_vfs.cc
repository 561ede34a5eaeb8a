#include "tests/sim/fault_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>

namespace ratchet::sim {

struct VfsRegistration {
  sqlite3_vfs vfs{};
  std::string name;
};

namespace {

constexpr size_t kSector = 512;

struct OpenFile {
  sqlite3_file base;  // first: SQLite sees only this
  VirtualDisk* disk;
  std::shared_ptr<VirtualFile>* file;
  std::string* path;
};

OpenFile* Of(sqlite3_file* f) { return reinterpret_cast<OpenFile*>(f); }
VirtualFile& FileOf(sqlite3_file* f) { return **Of(f)->file; }

int Close(sqlite3_file* f) {
  OpenFile* open = Of(f);
  if ((*open->file)->delete_on_close) open->disk->Remove(*open->path);
  delete open->file;
  delete open->path;
  return SQLITE_OK;
}

int Read(sqlite3_file* f, void* to, int amount, sqlite3_int64 offset) {
  const std::string& content = FileOf(f).content;
  const auto from = static_cast<size_t>(offset);
  const auto want = static_cast<size_t>(amount);
  const size_t have = from < content.size() ? std::min(want, content.size() - from) : 0;
  if (have > 0) std::memcpy(to, content.data() + from, have);
  if (have == want) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + have, 0, want - have);
  return SQLITE_IOERR_SHORT_READ;
}

int Write(sqlite3_file* f, const void* from, int amount, sqlite3_int64 offset) {
  if (!Of(f)->disk->Step()) return SQLITE_IOERR_WRITE;
  VirtualFile& file = FileOf(f);
  const auto begin = static_cast<size_t>(offset);
  const size_t end = begin + static_cast<size_t>(amount);
  if (end > file.content.size() && Of(f)->disk->full()) return SQLITE_FULL;
  if (end > file.content.size()) file.content.resize(end);
  std::memcpy(file.content.data() + begin, from, static_cast<size_t>(amount));
  for (size_t s = begin / kSector; s * kSector < end; ++s) file.dirty.insert(s);
  return SQLITE_OK;
}

int Truncate(sqlite3_file* f, sqlite3_int64 size) {
  if (!Of(f)->disk->Step()) return SQLITE_IOERR_TRUNCATE;
  VirtualFile& file = FileOf(f);
  file.content.resize(static_cast<size_t>(size));
  file.durable.resize(std::min(file.durable.size(), static_cast<size_t>(size)));
  return SQLITE_OK;
}

int Sync(sqlite3_file* f, int) {
  if (!Of(f)->disk->Step()) return SQLITE_IOERR_FSYNC;
  VirtualFile& file = FileOf(f);
  file.durable.resize(file.content.size());
  for (const size_t sector : file.dirty) {
    const size_t begin = sector * kSector;
    if (begin >= file.content.size()) continue;
    const size_t size = std::min(kSector, file.content.size() - begin);
    std::memcpy(file.durable.data() + begin, file.content.data() + begin, size);
  }
  file.dirty.clear();
  return SQLITE_OK;
}

int FileSize(sqlite3_file* f, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(FileOf(f).content.size());
  return SQLITE_OK;
}

int Lock(sqlite3_file*, int) { return SQLITE_OK; }
int CheckReservedLock(sqlite3_file*, int* held) {
  *held = 0;
  return SQLITE_OK;
}
int FileControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int SectorSize(sqlite3_file*) { return static_cast<int>(kSector); }
int DeviceCharacteristics(sqlite3_file*) { return 0; }

int ShmMap(sqlite3_file* f, int page, int page_size, int, void volatile** at) {
  auto& pages = FileOf(f).shared_memory;
  while (pages.size() <= static_cast<size_t>(page)) {
    pages.emplace_back(static_cast<size_t>(page_size), '\0');
  }
  *at = pages[static_cast<size_t>(page)].data();
  return SQLITE_OK;
}
int ShmLock(sqlite3_file*, int, int, int) { return SQLITE_OK; }
void ShmBarrier(sqlite3_file*) {}
int ShmUnmap(sqlite3_file*, int) { return SQLITE_OK; }

const sqlite3_io_methods kMethods = {2,
                                     Close,
                                     Read,
                                     Write,
                                     Truncate,
                                     Sync,
                                     FileSize,
                                     Lock,
                                     Lock,
                                     CheckReservedLock,
                                     FileControl,
                                     SectorSize,
                                     DeviceCharacteristics,
                                     ShmMap,
                                     ShmLock,
                                     ShmBarrier,
                                     ShmUnmap,
                                     nullptr,
                                     nullptr};

VirtualDisk* DiskOf(sqlite3_vfs* vfs) { return static_cast<VirtualDisk*>(vfs->pAppData); }

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* f, int flags, int* out_flags) {
  VirtualDisk* disk = DiskOf(vfs);
  const std::string path = name != nullptr ? name : "temporary";
  auto file = disk->Find(path);
  if (file == nullptr) {
    if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    file = disk->Create(path);
  }
  file->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  OpenFile* open = Of(f);
  open->base.pMethods = &kMethods;
  open->disk = disk;
  open->file = new std::shared_ptr<VirtualFile>(file);
  open->path = new std::string(path);
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int Delete(sqlite3_vfs* vfs, const char* name, int) {
  if (!DiskOf(vfs)->Step()) return SQLITE_IOERR_DELETE;
  DiskOf(vfs)->Remove(name);
  return SQLITE_OK;
}

int Access(sqlite3_vfs* vfs, const char* name, int, int* result) {
  *result = DiskOf(vfs)->Find(name) != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int FullPathname(sqlite3_vfs*, const char* name, int size, char* out) {
  std::snprintf(out, static_cast<size_t>(size), "%s", name);
  return SQLITE_OK;
}

int Randomness(sqlite3_vfs*, int size, char* out) {
  std::memset(out, 7, static_cast<size_t>(size));  // the same run must be the same
  return size;
}
int Sleep(sqlite3_vfs*, int microseconds) { return microseconds; }
int CurrentTime(sqlite3_vfs*, double* now) {
  *now = 2'460'000.5;
  return SQLITE_OK;
}
int GetLastError(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

VirtualDisk::VirtualDisk(std::string name, std::uint64_t seed)
    : name_(std::move(name)), random_(seed), registration_(new VfsRegistration) {
  registration_->name = name_;
  sqlite3_vfs& vfs = registration_->vfs;
  vfs.iVersion = 1;
  vfs.szOsFile = sizeof(OpenFile);
  vfs.mxPathname = 512;
  vfs.zName = registration_->name.c_str();
  vfs.pAppData = this;
  vfs.xOpen = Open;
  vfs.xDelete = Delete;
  vfs.xAccess = Access;
  vfs.xFullPathname = FullPathname;
  vfs.xRandomness = Randomness;
  vfs.xSleep = Sleep;
  vfs.xCurrentTime = CurrentTime;
  vfs.xGetLastError = GetLastError;
  sqlite3_vfs_register(&vfs, 0);
}

VirtualDisk::~VirtualDisk() { sqlite3_vfs_unregister(&registration_->vfs); }

std::shared_ptr<VirtualFile> VirtualDisk::Find(const std::string& path) {
  const auto at = files_.find(path);
  return at == files_.end() ? nullptr : at->second;
}

std::shared_ptr<VirtualFile> VirtualDisk::Create(const std::string& path) {
  return files_[path] = std::make_shared<VirtualFile>();
}

bool VirtualDisk::Step() {
  if (operations_left_ < 0) return true;
  if (operations_left_ > 0) --operations_left_;
  return operations_left_ > 0;
}

void VirtualDisk::Crash() {
  for (auto& [path, file] : files_) file->shared_memory.clear();
  operations_left_ = -1;
}

void VirtualDisk::CutPower() {
  for (auto& [path, file] : files_) {
    std::string survivor = file->durable;
    for (const size_t sector : file->dirty) {
      if (!random_.Chance(0.5)) continue;
      const size_t begin = sector * kSector;
      if (begin >= file->content.size()) continue;
      const size_t end = std::min(begin + kSector, file->content.size());
      if (survivor.size() < end) survivor.resize(end);
      std::copy(file->content.begin() + static_cast<std::ptrdiff_t>(begin),
                file->content.begin() + static_cast<std::ptrdiff_t>(end),
                survivor.begin() + static_cast<std::ptrdiff_t>(begin));
    }
    file->content = file->durable = survivor;
    file->dirty.clear();
  }
  Crash();
}

}  // namespace ratchet::sim
