#include "adapters/sqlite/database.h"

#include <sqlite3.h>

#include <fmt/format.h>

namespace ratchet::sqlite {
namespace {

Error SqliteError(sqlite3* db, std::string_view doing) {
  const int code = sqlite3_errcode(db);
  ErrorCode kind = ErrorCode::kUnavailable;
  if (code == SQLITE_FULL) kind = ErrorCode::kResourceExhausted;
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) kind = ErrorCode::kDataLoss;
  return Error{kind, fmt::format("{}: {} (SQLite {})", doing, sqlite3_errmsg(db),
                                 sqlite3_extended_errcode(db))};
}

}  // namespace

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Query& Query::Text(std::string_view value) {
  sqlite3_bind_text(statement_, ++bound_, value.data(), static_cast<int>(value.size()),
                    SQLITE_TRANSIENT);
  return *this;
}
Query& Query::Blob(std::string_view value) {
  sqlite3_bind_blob(statement_, ++bound_, value.data(), static_cast<int>(value.size()),
                    SQLITE_TRANSIENT);
  return *this;
}
Query& Query::Int(std::int64_t value) {
  sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}
Query& Query::Real(double value) {
  sqlite3_bind_double(statement_, ++bound_, value);
  return *this;
}
Query& Query::Null() {
  sqlite3_bind_null(statement_, ++bound_);
  return *this;
}

Result<bool> Query::Next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return std::unexpected(SqliteError(db_, sqlite3_sql(statement_)));
}

Status Query::Run() {
  TRY(const bool row, Next());
  (void)row;
  return {};
}

std::string Query::TextAt(int column) const { return BlobAt(column); }
std::string Query::BlobAt(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? std::string()
                         : std::string(static_cast<const char*>(data), static_cast<size_t>(size));
}
std::int64_t Query::IntAt(int column) const { return sqlite3_column_int64(statement_, column); }
double Query::RealAt(int column) const { return sqlite3_column_double(statement_, column); }
bool Query::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Result<std::unique_ptr<Database>> Database::Open(const std::string& path, Synchronous synchronous,
                                                 OpenMode mode, const std::string& vfs) {
  sqlite3* raw = nullptr;
  const int flags = (mode == OpenMode::kReadOnly ? SQLITE_OPEN_READONLY
                                                 : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                    SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, vfs.empty() ? nullptr : vfs.c_str());
  std::unique_ptr<Database> db(new Database(raw));
  if (code != SQLITE_OK) {
    return Fail(
        ErrorCode::kUnavailable,
        fmt::format("open {}: {}", path, raw != nullptr ? sqlite3_errmsg(raw) : "no memory"));
  }
  sqlite3_busy_timeout(raw, 5000);
  sqlite3_extended_result_codes(raw, 1);
  if (mode == OpenMode::kReadWrite) {
    TRY_STATUS(db->Execute("PRAGMA journal_mode=WAL"));
    TRY_STATUS(db->Execute(synchronous == Synchronous::kFull ? "PRAGMA synchronous=FULL"
                                                             : "PRAGMA synchronous=NORMAL"));
  }
  TRY_STATUS(db->Execute("PRAGMA temp_store=MEMORY"));
  return db;
}

Database::~Database() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(db_);
}

Status Database::Execute(const std::string& sql) {
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return std::unexpected(SqliteError(db_, sql.substr(0, 80)));
}

Result<Query> Database::Prepare(const std::string& sql) {
  auto at = statements_.find(sql);
  if (at == statements_.end()) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(db_, sql.c_str(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return std::unexpected(SqliteError(db_, sql));
    at = statements_.emplace(sql, statement).first;
  }
  return Query(db_, at->second);
}

Status Database::Migrate(std::span<const char* const> steps,
                         const std::function<Status(size_t)>& after_step) {
  Scope scope(*this);
  TRY_STATUS(scope.Begin());
  size_t found = 0;
  {
    TRY(Query query, Prepare("PRAGMA user_version"));
    TRY(const bool row, query.Next());
    if (row) found = static_cast<size_t>(query.IntAt(0));
  }
  if (found > steps.size()) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("it was written by a newer version (schema {}, this one knows {})",
                            found, steps.size()));
  }
  for (size_t step = found; step < steps.size(); ++step) {
    TRY_STATUS(Execute(steps[step]));
    if (after_step) TRY_STATUS(after_step(step + 1));
  }
  if (found < steps.size())
    TRY_STATUS(Execute(fmt::format("PRAGMA user_version = {}", steps.size())));
  return scope.Commit();
}

Database::Scope::~Scope() {
  // A failed rollback is no second failure: SQLite undoes an open transaction at the next open.
  if (open_) (void)db_.Execute("ROLLBACK");
}

Status Database::Scope::Begin() {
  TRY_STATUS(db_.Execute("BEGIN IMMEDIATE"));
  open_ = true;
  return {};
}

Status Database::Scope::Commit() {
  TRY_STATUS(db_.Execute("COMMIT"));
  open_ = false;
  return {};
}

}  // namespace ratchet::sqlite
