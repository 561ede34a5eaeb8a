#pragma once
// Read-only connections to one SQLite file: each read has one to itself, and a few that are free
// are kept open. In WAL mode readers hold up neither writers nor one another. Thread-safe.

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/sqlite/database.h"

namespace ratchet::sqlite {

class ReadConnections {
 public:
  explicit ReadConnections(std::string path) : path_(std::move(path)) {}

  // One connection, until it goes out of scope.
  class Lease {
   public:
    Lease(ReadConnections& owner, std::unique_ptr<Database> db)
        : owner_(&owner), db_(std::move(db)) {}
    ~Lease() {
      if (db_) owner_->Return(std::move(db_));
    }
    Lease(Lease&&) = default;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Lease& operator=(Lease&&) = delete;
    Database* operator->() { return db_.get(); }
    Database& operator*() { return *db_; }

   private:
    ReadConnections* owner_;
    std::unique_ptr<Database> db_;
  };
  Result<Lease> Take();

 private:
  void Return(std::unique_ptr<Database> db);

  const std::string path_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Database>> free_;
};

}  // namespace ratchet::sqlite
