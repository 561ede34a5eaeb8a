#include "adapters/sqlite/read_connections.h"

namespace ratchet::sqlite {

Result<ReadConnections::Lease> ReadConnections::Take() {
  {
    const std::scoped_lock lock(mutex_);
    if (!free_.empty()) {
      auto db = std::move(free_.back());
      free_.pop_back();
      return Lease(*this, std::move(db));
    }
  }
  TRY(auto db, Database::Open(path_, Synchronous::kNormal, OpenMode::kReadOnly));
  return Lease(*this, std::move(db));
}

void ReadConnections::Return(std::unique_ptr<Database> db) {
  constexpr size_t kKept = 4;  // as many as the engine's pool has threads, or nearly
  const std::scoped_lock lock(mutex_);
  if (free_.size() < kKept) free_.push_back(std::move(db));
}

}  // namespace ratchet::sqlite
