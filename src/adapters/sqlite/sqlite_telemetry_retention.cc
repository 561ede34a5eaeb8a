// How the telemetry store forgets.

#include <algorithm>

#include "adapters/sqlite/sqlite_telemetry_store.h"

namespace ratchet {

using sqlite::Database;
using sqlite::Query;

// Row by row a table would be gone through whole; owner by owner each delete is a search. The lock
// is given back between the pieces: a batch that arrives waits for one of them at most.
Result<std::uint64_t> SqliteTelemetryStore::Expire(Instant now) {
  constexpr struct {
    const char* owners;
    const char* remove;
  } kOwned[] = {
      {"SELECT id FROM series", "DELETE FROM points WHERE series = ? AND start < ?"},
      {"SELECT id FROM clusters", "DELETE FROM cluster_counts WHERE cluster = ? AND start < ?"},
      {"SELECT id FROM shapes", "DELETE FROM shape_counts WHERE shape = ? AND start < ?"},
      {"SELECT id FROM shapes", "DELETE FROM shape_users WHERE shape = ? AND last_seen < ?"}};
  const std::int64_t oldest = ToMillis(now - limits_.retention);
  std::int64_t removed = 0;
  for (const auto& [owners, remove] : kOwned) {
    TRY(const std::vector<std::int64_t> ids, Ids(owners));
    for (size_t next = 0; next < ids.size();) {
      TRY(const std::int64_t rows, ExpireSome(remove, ids, next, oldest));
      removed += rows;
    }
  }
  TRY(const std::int64_t others, ExpireOwners(oldest));
  return static_cast<std::uint64_t>(removed + others);
}

Result<std::vector<std::int64_t>> SqliteTelemetryStore::Ids(const char* sql) {
  const std::scoped_lock lock(mutex_);
  std::vector<std::int64_t> ids;
  TRY(Query rows, db_->Prepare(sql));
  while (true) {
    TRY(const bool row, rows.Next());
    if (!row) return ids;
    ids.push_back(rows.IntAt(0));
  }
}

Result<std::int64_t> SqliteTelemetryStore::Delete(Query query) {
  TRY_STATUS(query.Run());
  TRY(Query changes, db_->Prepare("SELECT changes()"));
  TRY(const bool row, changes.Next());
  return row ? changes.IntAt(0) : 0;
}

// From `ids[next]` on, which moves past what is done.
Result<std::int64_t> SqliteTelemetryStore::ExpireSome(const char* sql,
                                                      const std::vector<std::int64_t>& ids,
                                                      size_t& next, std::int64_t oldest) {
  constexpr std::int64_t kRows = 500;
  constexpr size_t kOwners = 500;
  const std::scoped_lock lock(mutex_);
  Database::Scope scope(*db_);
  TRY_STATUS(scope.Begin());
  std::int64_t removed = 0;
  for (const size_t end = std::min(next + kOwners, ids.size()); next < end && removed < kRows;) {
    TRY(Query query, db_->Prepare(sql));
    query.Int(ids[next++]).Int(oldest);
    TRY(const std::int64_t rows, Delete(std::move(query)));
    removed += rows;
  }
  TRY_STATUS(scope.Commit());
  return removed;
}

// What has no owner; and owners that have nothing left.
Result<std::int64_t> SqliteTelemetryStore::ExpireOwners(std::int64_t oldest) {
  const std::scoped_lock lock(mutex_);
  std::int64_t removed = 0;
  for (const char* sql :
       {"DELETE FROM events WHERE time < ?", "DELETE FROM arrivals WHERE start < ?",
        "DELETE FROM clusters WHERE last_seen < ?"}) {
    TRY(Query query, db_->Prepare(sql));
    query.Int(oldest);
    TRY(const std::int64_t rows, Delete(std::move(query)));
    removed += rows;
  }
  TRY_STATUS(db_->Execute(
      "DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM points WHERE series = series.id)"));
  TRY_STATUS(db_->Execute(
      "DELETE FROM shapes WHERE NOT EXISTS (SELECT 1 FROM shape_counts WHERE shape = shapes.id)"));
  points_.clear();
  shapes_.clear();
  shape_users_.clear();
  TRY_STATUS(LoadSeries());
  return removed;
}

}  // namespace ratchet
