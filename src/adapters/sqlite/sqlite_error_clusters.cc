// The telemetry store's error logs: clusters of one type and pattern, with counts and examples.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "adapters/sqlite/sqlite_telemetry_store.h"
#include "adapters/sqlite/telemetry_sql.h"

namespace ratchet {
namespace {

using sqlite::Cut;
using sqlite::Query;

constexpr size_t kExamplesMax = 3;  // stack traces kept a cluster

}  // namespace

Status SqliteTelemetryStore::AddLog(const LogRecord& log, WriteReport& report) {
  ++report.accepted;
  const std::optional<intake::Failure> failure = failures_.Take(log);
  if (!failure) return {};
  TRY(Query find, db_->Prepare("SELECT id, examples FROM clusters WHERE tenant = ? AND component = "
                               "? AND version = ? AND type = ? AND pattern = ?"));
  find.Text(log.tenant.value)
      .Text(log.component.value)
      .Text(Cut(log.version))
      .Text(failure->type)
      .Text(failure->pattern);
  TRY(const bool known, find.Next());
  std::int64_t id = 0;
  if (known) {
    id = find.IntAt(0);
    auto examples = nlohmann::json::parse(find.TextAt(1), nullptr, false);
    const bool room =
        examples.is_array() && examples.size() < kExamplesMax &&
        std::ranges::find(examples, nlohmann::json(failure->example)) == examples.end();
    if (room) examples.push_back(failure->example);
    TRY(Query update, db_->Prepare("UPDATE clusters SET last_seen = max(last_seen, ?), "
                                   "examples = ? WHERE id = ?"));
    TRY_STATUS(update.Int(ToMillis(log.time))
                   .Text(examples.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))
                   .Int(id)
                   .Run());
  } else {
    TRY(id, AddCluster(log, *failure, report));
    if (id == 0) return {};
  }
  TRY(Query bump, db_->Prepare("INSERT INTO cluster_counts VALUES (?, ?, 1) ON CONFLICT (cluster, "
                               "start) DO UPDATE SET count = count + 1"));
  return bump.Int(id).Int(BucketOf(log.time)).Run();
}

Result<std::int64_t> SqliteTelemetryStore::AddCluster(const LogRecord& log,
                                                      const intake::Failure& failure,
                                                      WriteReport& report) {
  if (const Status room = clusters_share_.Room(log.tenant, log.component); !room) {
    --report.accepted;
    report.Drop("clusters", room.error().message);
    return 0;
  }
  TRY(Query next, db_->Prepare("SELECT coalesce(max(id), 0) + 1 FROM clusters"));
  TRY(const bool row, next.Next());
  const std::int64_t id = row ? next.IntAt(0) : 1;
  TRY(Query insert,
      db_->Prepare("INSERT INTO clusters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  TRY_STATUS(insert.Int(id)
                 .Text(log.tenant.value)
                 .Text(log.component.value)
                 .Text(Cut(log.version))
                 .Text(Cut(log.operation))
                 .Text(failure.type)
                 .Text(failure.pattern)
                 .Int(ToMillis(log.time))
                 .Int(ToMillis(log.time))
                 .Text(log.code.file)
                 .Text(log.code.function)
                 .Int(log.code.line)
                 .Text(nlohmann::json::array({failure.example})
                           .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))
                 .Run());
  clusters_share_.Add(log.tenant, log.component);
  return id;
}

}  // namespace ratchet
