#include "adapters/sqlite/state_schema.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/model/names.h"
#include "core/model/serialize.h"

namespace ratchet::sqlite {
namespace {

using Json = nlohmann::json;

// The reasons of version 1 stood at the beginning of a sentence for people.
EndReason ReasonOfVersion1(const Json& improvement) {
  const std::string status = improvement.value("status", "");
  const std::string reason = improvement.value("reason", "");
  const auto begins = [&](std::string_view prefix) { return reason.starts_with(prefix); };
  if (status == "completed") return EndReason::kKept;
  if (status == "rejected") return EndReason::kRejected;
  if (status == "expired") return EndReason::kApprovalExpired;
  if (status == "suggested")
    return begins("no working sandbox") ? EndReason::kNoSandbox : EndReason::kSuggestOnly;
  if (status == "superseded")
    return begins("component ") ? EndReason::kChangedByOthers : EndReason::kOutdated;
  if (status == "rolled_back" || status == "rolling_back") {
    if (begins("performance_degradation:")) return EndReason::kDegraded;
    if (begins("no_effect:")) return EndReason::kNoEffect;
    if (begins("requested:")) return EndReason::kRequested;
    if (begins("deployment_failed:")) return EndReason::kDeploymentFailed;
    return EndReason::kInconclusive;
  }
  if (status != "failed") return EndReason::kNone;
  if (begins("gate ")) return EndReason::kGatesFailed;
  if (begins("quality ")) return EndReason::kQualityTooLow;
  if (begins("no traffic")) return EndReason::kNoTraffic;
  if (begins("baseline:")) return EndReason::kBaselineFailed;
  if (begins("deployment:")) return EndReason::kDeploymentFailed;
  return EndReason::kAuthorsFailed;
}

std::string_view WatchStatusOfVersion1(const std::string& status) {
  if (status == "deploying") return "deploying";
  if (status == "canary" || status == "monitoring") return "watching";
  return status == "rolling_back" ? "undoing" : "ended";
}

std::string_view WatchEndOfVersion1(const std::string& status) {
  if (status == "completed") return "kept";
  if (status == "rolled_back") return "taken_back";
  return status == "superseded" ? "changed_by_others" : "never_deployed";
}

// What was deployed was watched by its improvement; policy and mechanics are given to it by the
// engine, which knows how it is configured.
Json WatchOfVersion1(const Json& improvement, const std::string& id) {
  const Json& of = improvement.at("opportunity");
  const std::string status = improvement.value("status", "");
  return {{"id", id},
          {"target", {{"component", of.at("component")}, {"tenant", ""}}},
          {"improvement", improvement.at("id")},
          {"tenant", of.at("tenant")},
          {"reach", of.at("reach")},
          {"operation", of.at("operation")},
          {"promise", of.at("kind")},
          {"version_before", improvement.at("tree_before")},
          {"version_after", improvement.at("tree_after")},
          {"steps", Json::array({{{"share", 1.0}, {"duration", 0}}})},
          {"status", WatchStatusOfVersion1(status)},
          {"created_at", improvement.at("changed_at")},
          {"changed_at", improvement.at("changed_at")},
          {"deployed_at", improvement.at("deployed_at")},
          {"ended_at", improvement.at("ended_at")},
          {"baseline", improvement.at("baseline")},
          {"step_since", improvement.at("deployed_at").is_null() ? improvement.at("changed_at")
                                                                 : improvement.at("deployed_at")},
          {"looks_taken", improvement.at("looks").size()},
          {"verdict", improvement.at("verdict")},
          {"undo_tries", improvement.value("rollbacks_tried", 0)},
          {"reason", Name(ReasonOfVersion1(improvement))},
          {"explanation", improvement.value("reason", "")},
          {"end", WatchEndOfVersion1(status)}};
}

Outcome OutcomeOfVersion1(const Json& improvement, const Improvement& state) {
  const Opportunity& of = state.opportunity;
  Outcome outcome{.improvement = state.id,
                  .at = state.ended_at.value_or(state.changed_at),
                  .reason = state.end,
                  .kind = of.kind,
                  .tenant = of.tenant,
                  .component = of.component,
                  .operation = of.operation,
                  .author = state.author,
                  .author_name = state.author_name,
                  .version_before = state.tree_before,
                  .version_after = state.tree_after,
                  .llm_tokens = state.llm_tokens,
                  .llm_cost_usd = state.llm_cost_usd,
                  .predicted_gain_pct = of.gain_pct.value,
                  .kept = state.end == EndReason::kKept};
  const Json& verdict = improvement.at("verdict");
  outcome.actual_gain_pct =
      -50 * (verdict.value("gain_low", 0.0) + verdict.value("gain_high", 0.0));
  return outcome;
}

class ToVersion2 {
 public:
  explicit ToVersion2(Database& db) : db_(db) {}

  Status Run() {
    TRY(const auto improvements, Documents("improvement"));
    for (const auto& [id, tenant, json] : improvements) TRY_STATUS(OfImprovement(id, tenant, json));
    TRY(const auto components, Documents("component"));
    for (const auto& [id, tenant, json] : components) TRY_STATUS(OfComponent(id, json));
    return db_.Execute("DELETE FROM documents WHERE kind IN ('component', 'outcome')");
  }

 private:
  struct Document {
    std::string id, tenant;
    Json json;
  };
  Result<std::vector<Document>> Documents(std::string_view kind) {
    std::vector<Document> found;
    TRY(Query query, db_.Prepare("SELECT id, tenant, json FROM documents WHERE kind = ?"));
    query.Text(kind);
    while (true) {
      TRY(const bool row, query.Next());
      if (!row) return found;
      Json json = Json::parse(query.TextAt(2), nullptr, false);
      if (json.is_discarded())
        return Fail(ErrorCode::kDataLoss, fmt::format("stored {} {}", kind, query.TextAt(0)));
      found.push_back({query.TextAt(0), query.TextAt(1), std::move(json)});
    }
  }

  Status OfImprovement(const std::string& id, const std::string& tenant, Json json) {
    const bool deploys = json.value("status", "") == "deploying";
    TRY(const bool asked, AsksFor(id, "deploy"));
    const bool watched = !json.at("deployed_at").is_null() || (deploys && asked) ||
                         json.value("status", "") == "rolling_back";
    if (watched) {
      const std::string watch = "watch-" + id.substr(id.find('-') + 1);
      TRY_STATUS(AddWatch(watch, tenant, json));
      TRY_STATUS(HandOver(id, watch));
      json["watch"] = watch;
    }
    json["end"] = Name(ReasonOfVersion1(json));
    json["target"] = {{"component", json.at("opportunity").at("component")}, {"tenant", ""}};
    TRY(const Improvement state, FromJson<Improvement>(ToText(json)));
    TRY_STATUS(Put(id, ToText(ToJson(state))));
    if (!IsTerminal(state.status)) return {};
    return WriteOutcome(db_, OutcomeOfVersion1(json, state));
  }

  Status AddWatch(const std::string& id, const std::string& tenant, const Json& improvement) {
    const Json watch = WatchOfVersion1(improvement, id);
    const bool active = watch.at("status") != "ended";
    TRY(Query query,
        db_.Prepare("INSERT INTO documents (kind, id, tenant, active, number, json) "
                    "VALUES ('watch', ?1, ?2, ?3, (SELECT coalesce(max(number), 0) + 1 "
                    "FROM documents WHERE kind = 'watch'), ?4)"));
    TRY_STATUS(query.Text(id).Text(tenant).Int(active ? 1 : 0).Text(ToText(watch)).Run());
    int number = 0;
    for (const Json& look : improvement.at("looks")) {
      TRY(const Look read, FromJson<Look>(ToText(look)));
      TRY_STATUS(WriteLook(db_, {WatchId(id), ++number, 0, read}));
    }
    return {};
  }

  // What was asked for and not done goes to the watch, and so do its timers.
  Status HandOver(const std::string& improvement, const std::string& watch) {
    TRY(Query effects,
        db_.Prepare("UPDATE effects SET key = ?2 || substr(key, length(?1) + 1), subject = ?2 "
                    "WHERE subject = ?1 AND kind IN ('deploy', 'promote', 'look', 'roll_back')"));
    TRY_STATUS(effects.Text(improvement).Text(watch).Run());
    TRY(Query timers, db_.Prepare("UPDATE timers SET subject = ?2 WHERE subject = ?1 AND kind IN "
                                  "('look', 'rollback_retry')"));
    return timers.Text(improvement).Text(watch).Run();
  }

  Result<bool> AsksFor(const std::string& improvement, std::string_view kind) {
    TRY(Query query, db_.Prepare("SELECT 1 FROM effects WHERE subject = ? AND kind = ?"));
    query.Text(improvement).Text(kind);
    return query.Next();
  }

  Status OfComponent(const std::string& id, Json json) {
    json["target"] = {{"component", id}, {"tenant", ""}};
    json["expected_version"] = json.value("expected_tree", "");
    TRY(TargetState target, FromJson<TargetState>(ToText(json)));
    {
      TRY(Query open,
          db_.Prepare("SELECT id FROM documents WHERE kind = 'watch' AND active = 1 AND "
                      "json ->> '$.target.component' = ?"));
      open.Text(id);
      TRY(const bool row, open.Next());
      if (row) target.watch = WatchId(open.TextAt(0));
    }
    TRY(Query query,
        db_.Prepare("INSERT INTO documents (kind, id, tenant, active, number, json) "
                    "VALUES ('target', ?1, '', 1, (SELECT coalesce(max(number), 0) + 1 "
                    "FROM documents WHERE kind = 'target'), ?2)"));
    return query.Text(Name(target.target)).Text(ToText(ToJson(target))).Run();
  }

  Status Put(const std::string& id, const std::string& json) {
    TRY(Query query,
        db_.Prepare("UPDATE documents SET json = ? WHERE kind = 'improvement' AND id = ?"));
    return query.Text(json).Text(id).Run();
  }

  Database& db_;
};

constexpr const char* kSchema[] = {R"sql(
CREATE TABLE system (id INTEGER PRIMARY KEY CHECK (id = 1), stopped INTEGER NOT NULL,
  stopped_by TEXT NOT NULL, next_id INTEGER NOT NULL, last_scheduled INTEGER);
CREATE TABLE documents (kind TEXT NOT NULL, id TEXT NOT NULL, tenant TEXT NOT NULL,
  active INTEGER NOT NULL, number INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (kind, id));
CREATE INDEX documents_by_number ON documents (kind, number);
CREATE INDEX documents_active ON documents (kind) WHERE active = 1;
CREATE TABLE changes (improvement TEXT PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE effects (key TEXT PRIMARY KEY, number INTEGER NOT NULL, kind TEXT NOT NULL,
  subject TEXT NOT NULL, payload TEXT NOT NULL, attempts INTEGER NOT NULL);
CREATE TABLE timers (subject TEXT NOT NULL, kind TEXT NOT NULL, wake_at INTEGER NOT NULL,
  PRIMARY KEY (subject, kind));
CREATE TABLE reservations (key TEXT PRIMARY KEY, day TEXT NOT NULL, usd REAL NOT NULL);
CREATE INDEX reservations_by_day ON reservations (day);
CREATE TABLE audit (sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, tenant TEXT NOT NULL,
  actor TEXT NOT NULL, improvement TEXT NOT NULL, component TEXT NOT NULL, action TEXT NOT NULL,
  details TEXT NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TABLE audit_head (id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL,
  hash TEXT NOT NULL, hmac TEXT NOT NULL);
)sql",
                                   R"sql(
ALTER TABLE documents ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
CREATE TABLE looks (watch TEXT NOT NULL, number INTEGER NOT NULL, step INTEGER NOT NULL,
  at INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (watch, number)) WITHOUT ROWID;
CREATE TABLE outcomes (improvement TEXT PRIMARY KEY, at INTEGER NOT NULL, component TEXT NOT NULL,
  version_before TEXT NOT NULL, version_after TEXT NOT NULL, forbids INTEGER NOT NULL,
  json TEXT NOT NULL);
CREATE INDEX outcomes_by_change ON outcomes (component, version_before, version_after);
CREATE INDEX outcomes_by_time ON outcomes (at);
UPDATE documents SET at = coalesce(json ->> 'found_at', json ->> 'at', 0)
  WHERE kind IN ('insight', 'alert');
UPDATE documents SET at = coalesce((SELECT max(at) FROM documents), 0) WHERE kind = 'opportunity';
)sql"};

}  // namespace

Status MigrateState(Database& db) {
  return db.Migrate(kSchema, [&](size_t version) -> Status {
    if (version != 2) return {};
    try {
      return ToVersion2(db).Run();
    } catch (const Json::exception& e) {
      return Fail(ErrorCode::kDataLoss, fmt::format("state of version 1: {}", e.what()));
    }
  });
}

Status WriteLook(Database& db, const StoredLook& look) {
  TRY(Query query, db.Prepare("INSERT OR REPLACE INTO looks VALUES (?, ?, ?, ?, ?)"));
  return query.Text(look.watch.value)
      .Int(look.number)
      .Int(look.step)
      .Int(ToMillis(look.look.window.end))
      .Text(ToText(ToJson(look.look)))
      .Run();
}

Status WriteOutcome(Database& db, const Outcome& outcome) {
  TRY(Query query, db.Prepare("INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?)"));
  return query.Text(outcome.improvement.value)
      .Int(ToMillis(outcome.at))
      .Text(outcome.component.value)
      .Text(outcome.version_before)
      .Text(outcome.version_after)
      .Int(ForbidsAgain(outcome.reason) ? 1 : 0)
      .Text(ToText(ToJson(outcome)))
      .Run();
}

}  // namespace ratchet::sqlite
