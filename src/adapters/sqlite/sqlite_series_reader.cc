#include "adapters/sqlite/sqlite_series_reader.h"

#include <fmt/format.h>

#include <map>

#include "adapters/sqlite/telemetry_sql.h"

namespace ratchet {
namespace {

using sqlite::Conditions;
using sqlite::Database;
using sqlite::Query;
using sqlite::Where;

// CROSS JOIN: series first, then the rows of each; without statistics the planner may go through
// all rows of the file instead.
constexpr const char* kRows =
    " FROM series CROSS JOIN points ON points.series = series.id AND start >= ? AND start < ? "
    "WHERE 1";

// Under names of their own: a constant cannot be grouped by.
struct PartColumn {
  SeriesPart part;
  const char* column;
  const char* alias;
};
constexpr PartColumn kParts[] = {{SeriesPart::kTenant, "tenant", "a"},
                                 {SeriesPart::kComponent, "component", "b"},
                                 {SeriesPart::kOperation, "operation", "c"},
                                 {SeriesPart::kVersion, "version", "d"},
                                 {SeriesPart::kMetric, "metric", "e"}};

void Bind(Query& rows, const SeriesSelector& selector, const Where& where) {
  rows.Int(ToMillis(selector.window.begin)).Int(ToMillis(selector.window.end));
  sqlite::Bind(rows, where);
}

Result<SeriesKey> ReadSeries(const Query& row, int column) {
  SeriesKey series{TenantId(row.TextAt(column)), ComponentId(row.TextAt(column + 1)),
                   row.TextAt(column + 2), row.TextAt(column + 3), row.TextAt(column + 4)};
  TRY(series.labels, sqlite::LabelsOf(row.TextAt(column + 5)));
  return series;
}

Result<Summary> ReadValues(const Query& row, int column) {
  Summary values;
  values.count = static_cast<std::uint64_t>(row.IntAt(column));
  values.errors = static_cast<std::uint64_t>(row.IntAt(column + 1));
  values.sum = row.RealAt(column + 2);
  values.min = row.RealAt(column + 3);
  values.max = row.RealAt(column + 4);
  TRY(values.sketch, QuantileSketch::Decode(row.BlobAt(column + 5)));
  return values;
}

// Calls `visit(series, start, values)` for every row; `series` is the same object while it is the
// same series.
template <typename Visit>
Status VisitRows(Database& db, const SeriesSelector& selector, const Visit& visit) {
  const Where where = Conditions(selector);
  TRY(Query rows, db.Prepare(std::string("SELECT series.id, start, count, errors, sum, min, max, "
                                         "sketch, tenant, component, operation, version, metric, "
                                         "labels") +
                             kRows + where.sql));
  Bind(rows, selector, where);
  std::int64_t id = 0;
  SeriesKey series;
  while (true) {
    TRY(const bool row, rows.Next());
    if (!row) return {};
    if (rows.IntAt(0) != id) {
      id = rows.IntAt(0);
      TRY(series, ReadSeries(rows, 8));
    }
    TRY(Summary values, ReadValues(rows, 2));
    visit(id, series, FromMillis(rows.IntAt(1)), std::move(values));
  }
}

SeriesKey GroupOf(const SeriesKey& series, const std::set<SeriesPart>& by) {
  SeriesKey group;
  if (by.contains(SeriesPart::kTenant)) group.tenant = series.tenant;
  if (by.contains(SeriesPart::kComponent)) group.component = series.component;
  if (by.contains(SeriesPart::kOperation)) group.operation = series.operation;
  if (by.contains(SeriesPart::kVersion)) group.version = series.version;
  if (by.contains(SeriesPart::kMetric)) group.metric = series.metric;
  return group;
}

// total() and not sum(): counts stop at the largest integer, and two of those do not add up.
const char* ExpressionOf(Measure measure) {
  switch (measure) {
    case Measure::kCount:
      return "total(count)";
    case Measure::kErrorRate:
      return "total(errors) / total(count)";
    case Measure::kMean:
      return "total(sum) / total(count)";
    case Measure::kMax:
      return "max(max)";
  }
  return "";
}

std::uint64_t CountOf(double total) {
  constexpr auto kMost = static_cast<double>(Summary::kCountMax);
  return total < kMost ? static_cast<std::uint64_t>(total) : Summary::kCountMax;
}

}  // namespace

Result<std::vector<Point>> SqliteSeriesReader::Aggregate(const SeriesSelector& selector,
                                                         const Grouping& grouping) {
  TRY(auto db, connections_.Take());
  std::map<std::pair<SeriesKey, std::int64_t>, Point> groups;
  std::int64_t known = 0;  // the series that `group` is of
  SeriesKey group;
  TRY_STATUS(
      VisitRows(*db, selector,
                [&](std::int64_t id, const SeriesKey& series, Instant start, Summary&& values) {
                  if (id != known) group = GroupOf(series, grouping.by);
                  known = id;
                  const std::int64_t step =
                      grouping.step ? (start - selector.window.begin) / *grouping.step : 0;
                  const auto [at, added] =
                      groups.try_emplace({group, step}, Point{.series = group, .start = start});
                  at->second.start = std::min(at->second.start, start);
                  at->second.values.Merge(values);
                }));
  std::vector<Point> points;
  points.reserve(groups.size());
  for (auto& [key, point] : groups) points.push_back(std::move(point));
  return points;
}

Result<std::vector<Firing>> SqliteSeriesReader::Gate(const SeriesSelector& selector,
                                                     const Grouping& grouping,
                                                     const GateRule& rule) {
  TRY(auto db, connections_.Take());
  std::string by;
  for (const auto& [part, column, alias] : kParts)
    by += fmt::format("{} AS {}, ", grouping.by.contains(part) ? column : "''", alias);
  const Where where = Conditions(selector);
  const char* measure = ExpressionOf(rule.measure);
  TRY(Query rows,
      db->Prepare(fmt::format(
          "SELECT a, b, c, d, e, total(count), {} FROM (SELECT {}count, errors, sum, max{}{}) "
          "GROUP BY a, b, c, d, e HAVING total(count) >= ? AND {} {} ? ORDER BY a, b, c, d, e",
          measure, by, kRows, where.sql, measure, rule.side == Side::kAbove ? ">" : "<")));
  Bind(rows, selector, where);
  rows.Int(static_cast<std::int64_t>(std::max<std::uint64_t>(rule.count_min, 1))).Real(rule.limit);
  std::vector<Firing> firings;
  while (true) {
    TRY(const bool row, rows.Next());
    if (!row) return firings;
    firings.push_back({{TenantId(rows.TextAt(0)), ComponentId(rows.TextAt(1)), rows.TextAt(2),
                        rows.TextAt(3), rows.TextAt(4)},
                       rows.RealAt(6),
                       CountOf(rows.RealAt(5))});
  }
}

Status SqliteSeriesReader::Range(const SeriesSelector& selector,
                                 const std::function<void(SeriesBuckets)>& visit) {
  TRY(auto db, connections_.Take());
  SeriesBuckets buckets;
  std::int64_t known = 0;
  TRY_STATUS(
      VisitRows(*db, selector,
                [&](std::int64_t id, const SeriesKey& series, Instant start, Summary&& values) {
                  if (id != known) {
                    if (known != 0) visit(std::move(buckets));
                    buckets = SeriesBuckets{.series = series};
                    known = id;
                  }
                  buckets.starts.push_back(start);
                  buckets.values.push_back(std::move(values));
                }));
  if (known != 0) visit(std::move(buckets));
  return {};
}

}  // namespace ratchet
