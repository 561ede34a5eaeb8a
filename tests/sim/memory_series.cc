#include "tests/sim/memory_series.h"

#include <algorithm>
#include <map>

#include "core/intake/roles.h"

namespace ratchet::sim {
namespace {

bool Selects(const SeriesSelector& selector, const Point& point) {
  const SeriesKey& series = point.series;
  const auto fits = [](const auto& wanted, const auto& value) {
    return !wanted || *wanted == value;
  };
  const auto& metrics = selector.metrics;
  return selector.window.Contains(point.start) && selector.tenants.Allows(series.tenant) &&
         fits(selector.component, series.component) && fits(selector.operation, series.operation) &&
         fits(selector.version, series.version) &&
         (metrics.empty() || std::ranges::find(metrics, series.metric) != metrics.end()) &&
         (!selector.role || intake::RoleOf(series.metric) == *selector.role) &&
         std::ranges::includes(series.labels, selector.labels);
}

SeriesKey GroupOf(const SeriesKey& series, const std::set<SeriesPart>& by) {
  const auto part = [&](SeriesPart wanted, const auto& value) {
    return by.contains(wanted) ? value : std::remove_cvref_t<decltype(value)>();
  };
  return {part(SeriesPart::kTenant, series.tenant), part(SeriesPart::kComponent, series.component),
          part(SeriesPart::kOperation, series.operation),
          part(SeriesPart::kVersion, series.version), part(SeriesPart::kMetric, series.metric)};
}

double ValueOf(Measure measure, const Summary& values) {
  switch (measure) {
    case Measure::kCount:
      return static_cast<double>(values.count);
    case Measure::kErrorRate:
      return static_cast<double>(values.errors) / static_cast<double>(values.count);
    case Measure::kMean:
      return values.mean();
    case Measure::kMax:
      return values.max;
  }
  return 0;
}

}  // namespace

Result<std::vector<Point>> MemorySeries::Selected(const SeriesSelector& selector) const {
  TRY(std::vector<Point> points, source_(selector));
  std::erase_if(points, [&](const Point& point) { return !Selects(selector, point); });
  return points;
}

Result<std::vector<Point>> MemorySeries::Aggregate(const SeriesSelector& selector,
                                                   const Grouping& grouping) {
  TRY(const std::vector<Point> selected, Selected(selector));
  std::map<std::pair<SeriesKey, std::int64_t>, Point> groups;
  for (const Point& point : selected) {
    const SeriesKey group = GroupOf(point.series, grouping.by);
    const std::int64_t step =
        grouping.step ? (point.start - selector.window.begin) / *grouping.step : 0;
    Point& merged = groups.try_emplace({group, step}, Point{.series = group, .start = point.start})
                        .first->second;
    merged.start = std::min(merged.start, point.start);
    merged.values.Merge(point.values);
  }
  std::vector<Point> points;
  for (auto& [key, point] : groups) points.push_back(std::move(point));
  return points;
}

Result<std::vector<Firing>> MemorySeries::Gate(const SeriesSelector& selector,
                                               const Grouping& grouping, const GateRule& rule) {
  TRY(const std::vector<Point> groups, Aggregate(selector, {.by = grouping.by}));
  std::vector<Firing> firings;
  for (const Point& point : groups) {
    if (point.values.count < std::max<std::uint64_t>(rule.count_min, 1)) continue;
    const double value = ValueOf(rule.measure, point.values);
    if (rule.side == Side::kAbove ? value > rule.limit : value < rule.limit)
      firings.push_back({point.series, value, point.values.count});
  }
  return firings;
}

Status MemorySeries::Range(const SeriesSelector& selector,
                           const std::function<void(SeriesBuckets)>& visit) {
  TRY(const std::vector<Point> selected, Selected(selector));
  std::map<SeriesKey, std::map<Instant, Summary>> series;
  for (const Point& point : selected) series[point.series][point.start] = point.values;
  for (auto& [key, values] : series) {
    SeriesBuckets buckets{.series = key};
    for (auto& [start, summary] : values) {
      buckets.starts.push_back(start);
      buckets.values.push_back(std::move(summary));
    }
    visit(std::move(buckets));
  }
  return {};
}

}  // namespace ratchet::sim
