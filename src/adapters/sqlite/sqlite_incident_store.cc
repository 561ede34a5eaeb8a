#include "adapters/sqlite/sqlite_incident_store.h"

#include <nlohmann/json.hpp>

#include "adapters/sqlite/telemetry_sql.h"

// CROSS JOIN: what is selected first, then the window's rows of each by the primary key.

namespace ratchet {

using sqlite::Conditions;
using sqlite::Query;
using sqlite::Versions;
using sqlite::Where;

Result<std::vector<ErrorCluster>> SqliteIncidentStore::ErrorClusters(
    const IncidentSelector& selector) {
  TRY(auto db, connections_.Take());
  const Where where = Conditions(selector, Versions::kYes);
  TRY(Query rows,
      db->Prepare(
          "SELECT tenant, component, version, operation, type, pattern, sum(count), first_seen, "
          "last_seen, file, function, line, examples "
          "FROM clusters CROSS JOIN cluster_counts ON cluster = clusters.id WHERE start >= ? "
          "AND start < ?" +
          where.sql + " GROUP BY clusters.id ORDER BY sum(count) DESC, clusters.id"));
  rows.Int(ToMillis(selector.window.begin)).Int(ToMillis(selector.window.end));
  Bind(rows, where);
  std::vector<ErrorCluster> clusters;
  while (true) {
    TRY(const bool row, rows.Next());
    if (!row) return clusters;
    ErrorCluster cluster{
        .tenant = TenantId(rows.TextAt(0)),
        .component = ComponentId(rows.TextAt(1)),
        .version = rows.TextAt(2),
        .operation = rows.TextAt(3),
        .exception_type = rows.TextAt(4),
        .pattern = rows.TextAt(5),
        .count = static_cast<std::uint64_t>(rows.IntAt(6)),
        .first_seen = FromMillis(rows.IntAt(7)),
        .last_seen = FromMillis(rows.IntAt(8)),
        .code = {rows.TextAt(9), rows.TextAt(10), static_cast<int>(rows.IntAt(11))}};
    const auto examples = nlohmann::json::parse(rows.TextAt(12), nullptr, false);
    if (examples.is_array()) {
      for (const auto& example : examples) cluster.examples.push_back(example.get<std::string>());
    }
    clusters.push_back(std::move(cluster));
  }
}

Result<std::vector<CallShape>> SqliteIncidentStore::CallShapes(const IncidentSelector& selector) {
  TRY(auto db, connections_.Take());
  const Where where = Conditions(selector, Versions::kNo);
  TRY(Query rows,
      db->Prepare(
          "SELECT tenant, component, operation, name, statement, file, function, line, "
          "sum(calls), sum(total_ms), sum(repeats), "
          "sum(repeat_ms), sum(parents), (SELECT count(*) FROM shape_users u WHERE "
          "u.shape = shapes.id AND last_seen >= ? AND "
          "last_seen < ?) FROM shapes CROSS JOIN shape_counts ON shape = shapes.id WHERE start "
          ">= ? AND start < ?" +
          where.sql + " GROUP BY shapes.id ORDER BY sum(total_ms) DESC, shapes.id"));
  for (int i = 0; i < 2; ++i)
    rows.Int(ToMillis(selector.window.begin)).Int(ToMillis(selector.window.end));
  Bind(rows, where);
  std::vector<CallShape> shapes;
  const auto number = [&](int column) { return static_cast<std::uint64_t>(rows.IntAt(column)); };
  while (true) {
    TRY(const bool row, rows.Next());
    if (!row) return shapes;
    shapes.push_back({.tenant = TenantId(rows.TextAt(0)),
                      .component = ComponentId(rows.TextAt(1)),
                      .operation = rows.TextAt(2),
                      .name = rows.TextAt(3),
                      .statement = rows.TextAt(4),
                      .code = {rows.TextAt(5), rows.TextAt(6), static_cast<int>(rows.IntAt(7))},
                      .calls = number(8),
                      .total_ms = rows.RealAt(9),
                      .repeats = number(10),
                      .repeat_ms = rows.RealAt(11),
                      .parents = number(12),
                      .users = number(13)});
  }
}

Result<std::vector<Event>> SqliteIncidentStore::Events(const IncidentSelector& selector) {
  TRY(auto db, connections_.Take());
  IncidentSelector own = selector;
  own.operation.reset();
  const Where where = Conditions(own, Versions::kNo);
  TRY(Query rows, db->Prepare("SELECT kind, tenant, component, time, description FROM events "
                              "WHERE time >= ? AND time < ?" +
                              where.sql + " ORDER BY time"));
  rows.Int(ToMillis(selector.window.begin)).Int(ToMillis(selector.window.end));
  Bind(rows, where);
  std::vector<Event> events;
  while (true) {
    TRY(const bool row, rows.Next());
    if (!row) return events;
    events.push_back({static_cast<EventKind>(rows.IntAt(0)), TenantId(rows.TextAt(1)),
                      ComponentId(rows.TextAt(2)), FromMillis(rows.IntAt(3)), rows.TextAt(4)});
  }
}

Result<TelemetryCounts> SqliteIncidentStore::Counts(const IncidentSelector& selector) {
  TRY(auto db, connections_.Take());
  const Where where = Conditions(selector.tenants);
  TRY(Query rows, db->Prepare("SELECT coalesce(sum(metrics), 0), coalesce(sum(logs), 0), "
                              "coalesce(sum(events), 0), coalesce(sum(spans), 0) "
                              "FROM arrivals WHERE start >= ? AND start < ?" +
                              where.sql));
  rows.Int(ToMillis(selector.window.begin)).Int(ToMillis(selector.window.end));
  Bind(rows, where);
  TRY(const bool row, rows.Next());
  const auto number = [&](int column) {
    return row ? static_cast<std::uint64_t>(rows.IntAt(column)) : 0;
  };
  return TelemetryCounts{number(0), number(1), number(2), number(3)};
}

}  // namespace ratchet
