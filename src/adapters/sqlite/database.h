#pragma once
// A thin owner of one SQLite connection and its statements. Not thread-safe.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace ratchet::sqlite {

enum class Synchronous { kNormal, kFull };
enum class OpenMode { kReadWrite, kReadOnly };

// One use of a prepared statement: bind, step, read. Reset when it goes out of scope.
class Query {
 public:
  Query(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}
  ~Query();
  Query(Query&& other) noexcept
      : db_(other.db_),
        statement_(std::exchange(other.statement_, nullptr)),
        bound_(other.bound_),
        failed_(std::move(other.failed_)) {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  Query& operator=(Query&&) = delete;

  Query& Text(std::string_view value);
  Query& Blob(std::string_view value);
  Query& Int(std::int64_t value);
  Query& Real(double value);
  Query& Null();

  Result<bool> Next();  // true: a row is there
  Status Run();         // for statements without rows

  [[nodiscard]] std::string TextAt(int column) const;
  [[nodiscard]] std::string BlobAt(int column) const;
  [[nodiscard]] std::int64_t IntAt(int column) const;
  [[nodiscard]] double RealAt(int column) const;
  [[nodiscard]] bool IsNull(int column) const;

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_;
  int bound_ = 0;
  std::string failed_;
};

class Database {
 public:
  // `vfs` names a SQLite virtual file system; "" is the system's own.
  static Result<std::unique_ptr<Database>> Open(const std::string& path, Synchronous synchronous,
                                                OpenMode mode, const std::string& vfs = "");
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Status Execute(const std::string& sql);
  // Brings the file to the schema's last version: `steps[i]` leads from version i to i + 1.
  // kInvalidArgument when a newer version wrote the file.
  Status Migrate(std::span<const char* const> steps,
                 const std::function<Status(size_t)>& after_step = {});
  // A statement is prepared once and reused.
  Result<Query> Prepare(const std::string& sql);

  // Everything or nothing: rolled back unless Commit was reached.
  class Scope {
   public:
    explicit Scope(Database& db) : db_(db) {}
    ~Scope();
    Status Begin();
    Status Commit();

   private:
    Database& db_;
    bool open_ = false;
  };

 private:
  explicit Database(sqlite3* db) : db_(db) {}
  sqlite3* db_;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
};

}  // namespace ratchet::sqlite
