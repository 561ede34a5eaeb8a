// What is read back of the state: by people, by reports, and by the engine's own rules.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "adapters/sqlite/sqlite_state_store.h"
#include "core/base/hash.h"
#include "core/model/names.h"
#include "core/model/serialize.h"

namespace ratchet {
namespace {

using sqlite::Query;

const TenantId& TenantOf(const Cycle& c) { return c.tenant; }
const TenantId& TenantOf(const Insight& i) { return i.tenant; }
const TenantId& TenantOf(const Opportunity& o) { return o.tenant; }
const TenantId& TenantOf(const Improvement& i) { return i.opportunity.tenant; }
const TenantId& TenantOf(const Alert& a) { return a.tenant; }

}  // namespace

Result<Change> SqliteStateStore::LoadChange(const ImprovementId& id) {
  TRY(Query query, db_->Prepare("SELECT json FROM changes WHERE improvement = ?"));
  query.Text(id.value);
  TRY(const bool row, query.Next());
  if (!row) return Fail(ErrorCode::kNotFound, "no change of improvement " + id.value);
  TRY(Change change, FromJson<Change>(query.TextAt(0)));
  for (FileChange& file : change.files) {
    file.after = HexDecode(file.after);
    if (file.before) file.before = HexDecode(*file.before);
  }
  return change;
}

Result<double> SqliteStateStore::ReservedOn(const std::string& day, const std::string& except) {
  TRY(Query query, db_->Prepare("SELECT coalesce(sum(usd), 0) FROM reservations WHERE day = ? AND "
                                "key <> ?"));
  query.Text(day).Text(except);
  TRY(const bool row, query.Next());
  return row ? query.RealAt(0) : 0.0;
}

Result<std::vector<Outcome>> SqliteStateStore::ReadOutcomes(Query& query) {
  std::vector<Outcome> outcomes;
  while (true) {
    TRY(const bool row, query.Next());
    if (!row) return outcomes;
    TRY(Outcome outcome, FromJson<Outcome>(query.TextAt(0)));
    outcomes.push_back(std::move(outcome));
  }
}

Result<std::vector<Outcome>> SqliteStateStore::OutcomesOf(const ComponentId& component,
                                                          const std::string& version_before,
                                                          const std::string& version_after) {
  TRY(Query query, db_->Prepare("SELECT json FROM outcomes WHERE component = ? AND "
                                "version_before = ? AND version_after = ? ORDER BY at"));
  query.Text(component.value).Text(version_before).Text(version_after);
  return ReadOutcomes(query);
}

Result<std::vector<Outcome>> SqliteStateStore::OutcomesSince(Instant since) {
  TRY(Query query, db_->Prepare("SELECT json FROM outcomes WHERE at >= ? ORDER BY at"));
  query.Int(ToMillis(since));
  return ReadOutcomes(query);
}

// The filter is part of the statement's result, not left to the caller: rows of other tenants are
// never decoded. A document without a tenant speaks of several and is for those who see all.
template <typename T>
Result<std::vector<T>> SqliteStateStore::Documents(std::string_view kind,
                                                   const TenantFilter& filter, int limit) {
  std::vector<T> found;
  TRY(Query query,
      db_->Prepare("SELECT tenant, json FROM documents WHERE kind = ? ORDER BY number DESC"));
  query.Text(kind);
  while (static_cast<int>(found.size()) < limit) {
    TRY(const bool row, query.Next());
    if (!row) break;
    if (!filter.Allows(TenantId(query.TextAt(0)))) continue;
    TRY(T value, FromJson<T>(query.TextAt(1)));
    if (filter.Allows(TenantOf(value))) found.push_back(std::move(value));
  }
  return found;
}

Result<std::vector<Improvement>> SqliteStateStore::Improvements(const TenantFilter& f, int limit) {
  return Documents<Improvement>("improvement", f, limit);
}
Result<std::vector<Cycle>> SqliteStateStore::Cycles(const TenantFilter& f, int limit) {
  return Documents<Cycle>("cycle", f, limit);
}
Result<std::vector<Insight>> SqliteStateStore::Insights(const TenantFilter& f, int limit) {
  return Documents<Insight>("insight", f, limit);
}
Result<std::vector<Opportunity>> SqliteStateStore::Opportunities(const TenantFilter& f, int limit) {
  return Documents<Opportunity>("opportunity", f, limit);
}
Result<std::vector<Alert>> SqliteStateStore::Alerts(const TenantFilter& f, int limit) {
  return Documents<Alert>("alert", f, limit);
}

Result<std::string> SqliteStateStore::FindDocument(std::string_view kind,
                                                   const TenantFilter& filter,
                                                   const std::string& id) {
  TRY(Query query, db_->Prepare("SELECT tenant, json FROM documents WHERE kind = ? AND id = ?"));
  query.Text(kind).Text(id);
  TRY(const bool row, query.Next());
  if (!row || !filter.Allows(TenantId(query.TextAt(0))))
    return Fail(ErrorCode::kNotFound, fmt::format("no {} {}", kind, id));
  return std::string(query.TextAt(1));
}

Result<Improvement> SqliteStateStore::FindImprovement(const TenantFilter& filter,
                                                      const ImprovementId& id) {
  TRY(const std::string json, FindDocument("improvement", filter, id.value));
  return FromJson<Improvement>(json);
}

Result<Watch> SqliteStateStore::FindWatch(const TenantFilter& filter, const WatchId& id) {
  TRY(const std::string json, FindDocument("watch", filter, id.value));
  TRY(Watch watch, FromJson<Watch>(json));
  TRY(watch.looks, Looks(id, std::nullopt));
  return watch;
}

// Of one step, or of all.
Result<std::vector<Look>> SqliteStateStore::Looks(const WatchId& id, std::optional<int> step) {
  std::vector<Look> looks;
  TRY(Query query, db_->Prepare("SELECT json FROM looks WHERE watch = ?1 AND (?2 IS NULL OR "
                                "step = ?2) ORDER BY number"));
  query.Text(id.value);
  if (step) {
    query.Int(*step);
  } else {
    query.Null();
  }
  while (true) {
    TRY(const bool row, query.Next());
    if (!row) return looks;
    TRY(Look look, FromJson<Look>(query.TextAt(0)));
    looks.push_back(std::move(look));
  }
}

Result<std::vector<Watch>> SqliteStateStore::OpenWatches() {
  std::vector<Watch> watches;
  {
    TRY(Query query, db_->Prepare("SELECT json FROM documents WHERE active = 1 AND kind = 'watch' "
                                  "ORDER BY id"));
    while (true) {
      TRY(const bool row, query.Next());
      if (!row) break;
      TRY(Watch watch, FromJson<Watch>(query.TextAt(0)));
      watches.push_back(std::move(watch));
    }
  }
  for (Watch& watch : watches) {
    TRY(watch.looks, Looks(watch.id, watch.step));
  }
  return watches;
}

Result<Cycle> SqliteStateStore::FindCycle(const TenantFilter& filter, const CycleId& id) {
  TRY(const std::string json, FindDocument("cycle", filter, id.value));
  return FromJson<Cycle>(json);
}

// Summed up where the documents are; none of them is decoded here.
Result<StateTotals> SqliteStateStore::Totals() {
  StateTotals totals;
  {
    TRY(Query query,
        db_->Prepare("SELECT count(*), coalesce(sum(json ->> 'status' = 'completed'), 0), "
                     "coalesce(sum(json ->> 'status' = 'failed'), 0), "
                     "coalesce(sum(json ->> 'opportunities_identified'), 0) "
                     "FROM documents WHERE kind = 'cycle'"));
    TRY_STATUS(query.Run());
    totals.cycles_started = query.IntAt(0);
    totals.cycles_completed = query.IntAt(1);
    totals.cycles_failed = query.IntAt(2);
    totals.opportunities = query.IntAt(3);
  }
  {
    TRY(Query query,
        db_->Prepare("SELECT (json ->> 'end_time' - json ->> 'start_time') / 1000.0 FROM documents "
                     "WHERE kind = 'cycle' AND json ->> 'end_time' IS NOT NULL "
                     "ORDER BY number DESC LIMIT 1"));
    TRY(const bool row, query.Next());
    if (row) totals.cycle_seconds_last = query.RealAt(0);
  }
  TRY(Query query, db_->Prepare("SELECT coalesce(sum(json ->> 'deployed_at' IS NOT NULL), 0), "
                                "coalesce(sum(json ->> 'status' = 'rolled_back'), 0), "
                                "coalesce(sum(json ->> 'llm_tokens'), 0), "
                                "coalesce(sum((json ->> 'status' = 'completed') * (json ->> "
                                "'$.opportunity.score')), 0.0) "
                                "FROM documents WHERE kind = 'improvement'"));
  TRY_STATUS(query.Run());
  totals.improvements_deployed = query.IntAt(0);
  totals.improvements_rolled_back = query.IntAt(1);
  totals.tokens = query.IntAt(2);
  totals.impact = query.RealAt(3);
  return totals;
}

Result<std::vector<TargetState>> SqliteStateStore::Targets() {
  std::vector<TargetState> targets;
  TRY(Query query, db_->Prepare("SELECT json FROM documents WHERE kind = 'target' ORDER BY id"));
  while (true) {
    TRY(const bool row, query.Next());
    if (!row) return targets;
    TRY(TargetState target, FromJson<TargetState>(query.TextAt(0)));
    targets.push_back(std::move(target));
  }
}

Result<std::int64_t> SqliteStateStore::CountEffects() {
  TRY(Query query, db_->Prepare("SELECT count(*) FROM effects"));
  TRY(const bool row, query.Next());
  return row ? query.IntAt(0) : 0;
}

}  // namespace ratchet
