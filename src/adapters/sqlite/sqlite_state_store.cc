#include "adapters/sqlite/sqlite_state_store.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "adapters/sqlite/state_schema.h"
#include "core/base/hash.h"
#include "core/model/names.h"
#include "core/model/serialize.h"

namespace ratchet {
namespace {

using sqlite::Database;
using sqlite::Query;

bool IsActive(const Cycle& cycle) {
  return cycle.status != CycleStatus::kCompleted && cycle.status != CycleStatus::kFailed;
}

}  // namespace

Result<std::unique_ptr<SqliteStateStore>> SqliteStateStore::Open(const Options& options) {
  TRY(auto db, Database::Open(options.path, sqlite::Synchronous::kFull, options.mode, options.vfs));
  std::unique_ptr<SqliteStateStore> store(new SqliteStateStore(std::move(db), options));
  if (options.mode == sqlite::OpenMode::kReadWrite) {
    if (const auto migrated = sqlite::MigrateState(*store->db_); !migrated) {
      return std::unexpected(migrated.error().Within("open state " + options.path));
    }
  }
  return store;
}

Result<SystemState> SqliteStateStore::System() {
  SystemState system;
  TRY(Query query, db_->Prepare("SELECT stopped, stopped_by, next_id, last_scheduled FROM system"));
  TRY(const bool row, query.Next());
  if (!row) return system;
  system.stopped = query.IntAt(0) != 0;
  system.stopped_by = query.TextAt(1);
  system.next_id = query.IntAt(2);
  if (!query.IsNull(3)) system.last_scheduled = FromMillis(query.IntAt(3));
  return system;
}

Result<PersistedState> SqliteStateStore::Load() {
  PersistedState state;
  TRY(state.system, System());
  {
    TRY(Query query, db_->Prepare("SELECT kind, json FROM documents WHERE active = 1 AND kind IN "
                                  "('cycle', 'improvement') "
                                  "ORDER BY kind, id"));
    while (true) {
      TRY(const bool row, query.Next());
      if (!row) break;
      if (query.TextAt(0) == "cycle") {
        TRY(Cycle cycle, FromJson<Cycle>(query.TextAt(1)));
        state.cycles.push_back(std::move(cycle));
      } else {
        TRY(Improvement improvement, FromJson<Improvement>(query.TextAt(1)));
        state.improvements.push_back(std::move(improvement));
      }
    }
  }
  TRY(state.watches, OpenWatches());
  TRY(state.targets, Targets());
  {
    TRY(Query query,
        db_->Prepare(
            "SELECT key, kind, subject, payload, attempts FROM effects ORDER BY number, key"));
    while (true) {
      TRY(const bool row, query.Next());
      if (!row) break;
      const auto kind = cycle::ParseEffectKind(query.TextAt(1));
      if (!kind) return Fail(ErrorCode::kDataLoss, "unknown effect " + query.TextAt(1));
      state.effects.push_back(
          {{EffectKey(query.TextAt(0)), *kind, query.TextAt(2), query.TextAt(3)},
           static_cast<int>(query.IntAt(4))});
    }
  }
  TRY(Query query,
      db_->Prepare("SELECT subject, kind, wake_at FROM timers ORDER BY subject, kind"));
  while (true) {
    TRY(const bool row, query.Next());
    if (!row) break;
    const auto kind = cycle::ParseTimerKind(query.TextAt(1));
    if (!kind) return Fail(ErrorCode::kDataLoss, "unknown timer " + query.TextAt(1));
    state.timers.push_back({query.TextAt(0), *kind, FromMillis(query.IntAt(2))});
  }
  return state;
}

Status SqliteStateStore::Commit(const Transaction& transaction) {
  Status done = CommitOnce(transaction);
  // A full disk undoes the transaction for certain, so it may be tried again.
  const bool full = !done && done.error().code == ErrorCode::kResourceExhausted;
  if (!full || reserve_ == nullptr || !reserve_->held()) return done;
  reserve_->Release();
  return CommitOnce(transaction);
}

Status SqliteStateStore::CommitOnce(const Transaction& transaction) {
  Database::Scope scope(*db_);
  TRY_STATUS(scope.Begin());
  TRY_STATUS(Write(transaction));
  return scope.Commit();
}

Status SqliteStateStore::Write(const Transaction& tx) {
  if (tx.system) {
    TRY(Query query, db_->Prepare("INSERT OR REPLACE INTO system VALUES (1, ?, ?, ?, ?)"));
    query.Int(tx.system->stopped ? 1 : 0).Text(tx.system->stopped_by).Int(tx.system->next_id);
    if (tx.system->last_scheduled) {
      query.Int(ToMillis(*tx.system->last_scheduled));
    } else {
      query.Null();
    }
    TRY_STATUS(query.Run());
  }
  TRY_STATUS(WriteWork(tx));
  TRY_STATUS(WritePending(tx));
  TRY_STATUS(WriteRecords(tx));
  if (tx.forget_before) TRY_STATUS(Forget(*tx.forget_before));
  return AppendAudit(tx.audit);
}

// What the engine needs to go on after a restart.
Status SqliteStateStore::WriteWork(const Transaction& tx) {
  const auto put = [&](std::string_view kind, const std::string& id, const TenantId& tenant,
                       bool active, const std::string& json) -> Status {
    TRY(Query query,
        db_->Prepare("INSERT INTO documents (kind, id, tenant, active, number, json) VALUES (?1, "
                     "?2, ?3, ?4, "
                     "(SELECT coalesce(max(number), 0) + 1 FROM documents WHERE kind = ?1), ?5) "
                     "ON CONFLICT (kind, id) DO UPDATE SET tenant = ?3, active = ?4, json = ?5"));
    return query.Text(kind).Text(id).Text(tenant.value).Int(active ? 1 : 0).Text(json).Run();
  };
  for (const Cycle& cycle : tx.cycles) {
    TRY_STATUS(put("cycle", cycle.id.value, cycle.tenant, IsActive(cycle), ToText(ToJson(cycle))));
  }
  for (const Improvement& improvement : tx.improvements) {
    TRY_STATUS(put("improvement", improvement.id.value, improvement.opportunity.tenant,
                   !IsTerminal(improvement.status), ToText(ToJson(improvement))));
  }
  for (const Watch& watch : tx.watches) {
    auto json = ToJson(watch);
    json.erase("looks");
    TRY_STATUS(put("watch", watch.id.value, watch.tenant, IsOpen(watch), ToText(json)));
  }
  for (const StoredLook& look : tx.looks) TRY_STATUS(sqlite::WriteLook(*db_, look));
  for (const TargetState& target : tx.targets) {
    TRY_STATUS(
        put("target", Name(target.target), target.target.tenant, true, ToText(ToJson(target))));
  }
  for (const auto& [id, change] : tx.changes) {
    // The files' bytes must come back exactly, also those that are no UTF-8: stored as hex.
    auto json = ToJson(change);
    for (size_t i = 0; i < change.files.size(); ++i) {
      const FileChange& file = change.files[i];
      json["files"][i]["after"] = HexEncode(file.after);
      if (file.before) json["files"][i]["before"] = HexEncode(*file.before);
    }
    TRY(Query query, db_->Prepare("INSERT OR REPLACE INTO changes VALUES (?, ?)"));
    TRY_STATUS(query.Text(id.value).Text(ToText(json)).Run());
  }
  return {};
}

// What is asked for and not done: effects, timers, reserved money.
Status SqliteStateStore::WritePending(const Transaction& tx) {
  for (const StoredEffect& stored : tx.effects) {
    TRY(Query query, db_->Prepare("INSERT INTO effects VALUES (?1, (SELECT coalesce(max(number), "
                                  "0) + 1 FROM effects), ?2, "
                                  "?3, ?4, ?5) ON CONFLICT (key) DO UPDATE SET attempts = ?5"));
    TRY_STATUS(query.Text(stored.effect.key.value)
                   .Text(cycle::Name(stored.effect.kind))
                   .Text(stored.effect.subject)
                   .Text(stored.effect.payload)
                   .Int(stored.attempts)
                   .Run());
  }
  for (const EffectKey& key : tx.effects_done) {
    TRY(Query query, db_->Prepare("DELETE FROM effects WHERE key = ?"));
    TRY_STATUS(query.Text(key.value).Run());
  }
  for (const auto& [subject, kind] : tx.timers_cleared) {
    TRY(Query query, db_->Prepare("DELETE FROM timers WHERE subject = ? AND kind = ?"));
    TRY_STATUS(query.Text(subject).Text(cycle::Name(kind)).Run());
  }
  for (const auto& timer : tx.timers_set) {
    TRY(Query query, db_->Prepare("INSERT OR REPLACE INTO timers VALUES (?, ?, ?)"));
    TRY_STATUS(
        query.Text(timer.subject).Text(cycle::Name(timer.kind)).Int(ToMillis(timer.wake_at)).Run());
  }
  for (const Reservation& reservation : tx.reservations) {
    TRY(Query query, db_->Prepare("INSERT INTO reservations VALUES (?1, ?2, ?3) ON CONFLICT (key) "
                                  "DO UPDATE SET usd = ?3, day = iif(?2 = '', day, ?2)"));
    TRY_STATUS(query.Text(reservation.key).Text(reservation.day).Real(reservation.usd).Run());
  }
  return {};
}

Status SqliteStateStore::PutDocument(std::string_view kind, const std::string& id,
                                     const TenantId& tenant, Instant at, const std::string& json) {
  TRY(Query query,
      db_->Prepare("INSERT OR REPLACE INTO documents (kind, id, tenant, active, number, json, at) "
                   "VALUES (?1, ?2, ?3, 0, (SELECT coalesce(max(number), 0) + 1 FROM documents "
                   "WHERE kind = ?1), ?4, ?5)"));
  return query.Text(kind).Text(id).Text(tenant.value).Text(json).Int(ToMillis(at)).Run();
}

// What people and later estimates want to read.
Status SqliteStateStore::WriteRecords(const Transaction& tx) {
  for (const Insight& insight : tx.insights) {
    TRY_STATUS(PutDocument("insight", insight.id.value, insight.tenant, insight.found_at,
                           ToText(ToJson(insight))));
  }
  for (const Opportunity& o : tx.opportunities) {
    TRY_STATUS(PutDocument("opportunity", o.id.value, o.tenant, o.found_at, ToText(ToJson(o))));
  }
  for (const Outcome& outcome : tx.outcomes) TRY_STATUS(sqlite::WriteOutcome(*db_, outcome));
  for (const Alert& alert : tx.alerts) {
    const std::string json = ToText(ToJson(alert));
    TRY_STATUS(PutDocument("alert", Sha256Hex(json), alert.tenant, alert.at, json));
  }
  return {};
}

Status SqliteStateStore::AppendAudit(const std::vector<AuditRecord>& records) {
  if (records.empty()) return {};
  TRY(AuditHead head, Head());
  for (const AuditRecord& record : records) {
    AuditEntry entry{.sequence = head.sequence + 1,
                     .at = record.at,
                     .tenant = record.tenant,
                     .actor = record.draft.actor,
                     .improvement = record.improvement,
                     .component = record.component,
                     .action = record.draft.action,
                     .details = record.draft.details,
                     .previous_hash = head.hash};
    entry.hash = AuditHash(entry);
    TRY(Query query, db_->Prepare("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    TRY_STATUS(query.Int(entry.sequence)
                   .Int(ToMillis(entry.at))
                   .Text(entry.tenant.value)
                   .Text(entry.actor)
                   .Text(entry.improvement.value)
                   .Text(entry.component.value)
                   .Text(entry.action)
                   .Text(entry.details)
                   .Text(entry.previous_hash)
                   .Text(entry.hash)
                   .Run());
    head.sequence = entry.sequence;
    head.hash = entry.hash;
  }
  head = SignHead(head.sequence, head.hash, audit_key_);
  TRY(Query query, db_->Prepare("INSERT OR REPLACE INTO audit_head VALUES (1, ?, ?, ?)"));
  return query.Int(head.sequence).Text(head.hash).Text(head.hmac).Run();
}

Result<AuditHead> SqliteStateStore::Head() {
  AuditHead head;
  TRY(Query query, db_->Prepare("SELECT sequence, hash, hmac FROM audit_head"));
  TRY(const bool row, query.Next());
  if (row) head = {query.IntAt(0), query.TextAt(1), query.TextAt(2)};
  return head;
}

Result<AuditHead> SqliteStateStore::VisitAudit(
    const std::function<void(const AuditEntry&)>& visit) {
  TRY_STATUS(db_->Execute("BEGIN"));
  auto head = ReadAudit(visit);
  TRY_STATUS(db_->Execute("COMMIT"));
  return head;
}

Result<AuditHead> SqliteStateStore::ReadAudit(const std::function<void(const AuditEntry&)>& visit) {
  TRY(AuditHead head, Head());
  TRY(Query query, db_->Prepare("SELECT sequence, at, tenant, actor, improvement, component, "
                                "action, details, previous_hash, "
                                "hash FROM audit ORDER BY sequence"));
  while (true) {
    TRY(const bool row, query.Next());
    if (!row) return head;
    visit({query.IntAt(0), FromMillis(query.IntAt(1)), TenantId(query.TextAt(2)), query.TextAt(3),
           ImprovementId(query.TextAt(4)), ComponentId(query.TextAt(5)), query.TextAt(6),
           query.TextAt(7), query.TextAt(8), query.TextAt(9)});
  }
}

// Outcomes that forbid a change are kept: it would be tried again.
Status SqliteStateStore::Forget(Instant before) {
  for (const char* sql :
       {"DELETE FROM documents WHERE kind IN ('insight', 'opportunity', 'alert') AND at < ?",
        "DELETE FROM looks WHERE at < ? AND watch IN (SELECT id FROM documents WHERE kind = "
        "'watch' "
        "AND active = 0)",
        "DELETE FROM outcomes WHERE at < ? AND forbids = 0"}) {
    TRY(Query query, db_->Prepare(sql));
    TRY_STATUS(query.Int(ToMillis(before)).Run());
  }
  return {};
}

}  // namespace ratchet
