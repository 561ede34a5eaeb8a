#include "engine/telemetry_reading.h"

#include <algorithm>
#include <tuple>

#include "core/analysis/opportunities.h"
#include "core/analysis/service_metrics.h"
#include "core/monitoring/judge.h"

namespace ratchet {
namespace {

// At most fifty, those with the most requests.
std::map<std::string, ServiceMetrics> OtherOperations(const std::vector<Point>& points,
                                                      const std::string& operation, Window window,
                                                      const LatencySources& sources) {
  constexpr size_t kMost = 50;
  std::map<std::string, std::vector<Point>> by_operation;
  for (const Point& point : points)
    if (point.series.operation != operation) by_operation[point.series.operation].push_back(point);
  std::map<std::string, ServiceMetrics> others;
  std::vector<std::pair<std::uint64_t, std::string>> busiest;
  busiest.reserve(by_operation.size());
  for (const auto& [name, own] : by_operation) {
    others[name] = analysis::MetricsOf(own, window, sources);
    busiest.emplace_back(others[name].requests, name);
  }
  std::ranges::sort(busiest, std::greater());
  for (size_t i = kMost; i < busiest.size(); ++i) others.erase(busiest[i].second);
  return others;
}

// An error that two versions show is one error.
std::vector<ErrorCluster> OfAllVersions(const std::vector<ErrorCluster>& clusters) {
  std::vector<ErrorCluster> merged;
  std::map<std::tuple<TenantId, ComponentId, std::string, std::string>, size_t> places;
  for (const ErrorCluster& cluster : clusters) {
    const auto [at, added] = places.try_emplace(
        {cluster.tenant, cluster.component, cluster.exception_type, cluster.pattern},
        merged.size());
    if (added) {
      merged.push_back(cluster);
      continue;
    }
    ErrorCluster& same = merged[at->second];
    same.count += cluster.count;
    same.first_seen = std::min(same.first_seen, cluster.first_seen);
    same.last_seen = std::max(same.last_seen, cluster.last_seen);
  }
  return merged;
}

// A shared root serves every tenant, so every tenant's requests are looked at.
SeriesSelector RequestsOf(const Watched& of, Window window) {
  return {.tenants = of.reach == Reach::kSystemWide ? TenantFilter::All()
                                                    : TenantFilter::Only({of.tenant}),
          .component = of.component,
          .metrics = {kSpanLatency, kRequestLatency},
          .window = window};
}

Instant RoundDown(Instant t, Duration step) { return Instant(t.time_since_epoch() / step * step); }

}  // namespace

Result<AnalysisFound> TelemetryReading::Analyse(const Cycle& cycle,
                                                std::map<ComponentId, Instant> changed_at) {
  const Instant now = Settled();
  const analysis::AnalysisWindows windows{
      .now = now,
      .current = std::min(config_.analysis_current, cycle.analysis_window),
      .baseline = config_.analysis_baseline,
      .calls = cycle.analysis_window,
      .changed_at = std::move(changed_at)};
  analysis::AnalysisInput input{.cycle = cycle.id, .histories = analysis::Histories(windows)};
  const TenantFilter tenants =
      cycle.tenant.empty() ? TenantFilter::All() : TenantFilter::Only({cycle.tenant});
  const SeriesSelector requests{.tenants = tenants,
                                .metrics = {kSpanLatency, kRequestLatency},
                                .window = {windows.current_from() - windows.baseline, now}};
  TRY_STATUS(series_.Range(requests, [&](SeriesBuckets buckets) {
    for (size_t i = 0; i < buckets.starts.size(); ++i)
      input.histories.Add({buckets.series, buckets.starts[i], std::move(buckets.values[i])});
  }));
  IncidentSelector selector{.tenants = tenants, .window = {now - windows.calls, now}};
  AnalysisFound found;
  TRY(found.telemetry, incidents_.Counts(selector));
  TRY(input.shapes, Shapes(selector, windows));
  selector.window = {windows.current_from(), now};
  TRY(const std::vector<ErrorCluster> clusters, incidents_.ErrorClusters(selector));
  input.clusters = OfAllVersions(clusters);
  found.insights = analysis::Detect(input, config_.detectors);
  found.opportunities =
      analysis::FindOpportunities(input, found.insights, [&](const ComponentId& id) {
        const auto at = config_.components.find(id);
        return at == config_.components.end() ? Reach::kSystemWide : at->second.reach();
      });
  return found;
}

// Of a component that changed inside the window only what was called since then.
Result<std::vector<CallShape>> TelemetryReading::Shapes(IncidentSelector selector,
                                                        const analysis::AnalysisWindows& windows) {
  TRY(std::vector<CallShape> shapes, incidents_.CallShapes(selector));
  for (const auto& [id, changed_at] : windows.changed_at) {
    if (changed_at <= selector.window.begin) continue;
    std::erase_if(shapes, [&](const CallShape& shape) { return shape.component == id; });
    selector.component = id;
    selector.window.begin = changed_at;
    TRY(std::vector<CallShape> since, incidents_.CallShapes(selector));
    std::ranges::move(since, std::back_inserter(shapes));
    selector.window.begin = windows.now - windows.calls;
  }
  return shapes;
}

Instant TelemetryReading::Settled() const {
  return RoundDown(clock_.Now() - config_.telemetry_delay, series_.resolution());
}

Result<TelemetryReading::Measured> TelemetryReading::Measure(
    const Watched& of, Window window, const std::optional<LatencySources>& known) {
  TRY(const std::vector<Point> points,
      series_.Aggregate(
          RequestsOf(of, window),
          {.by = {SeriesPart::kComponent, SeriesPart::kOperation, SeriesPart::kMetric}}));
  std::vector<Point> of_operation;
  std::ranges::copy_if(points, std::back_inserter(of_operation),
                       [&](const Point& p) { return p.series.operation == of.operation; });
  Instant first = window.end;
  for (const Point& point : points) first = std::min(first, point.start);
  const LatencySources sources = known ? *known : analysis::SourcesOf(points);
  return Measured{.operation = analysis::MetricsOf(of_operation, window, sources),
                  .component = analysis::MetricsOf(points, window, sources),
                  .others = OtherOperations(points, of.operation, window, sources),
                  .sources = sources,
                  .first = first};
}

Result<Moments> TelemetryReading::LogP95(const Watched& of, Window window,
                                         const LatencySources& sources) {
  const monitoring::JudgePolicy& judge = config_.policy.judge;
  const Duration block = std::max(judge.interval, series_.resolution());
  SeriesSelector selector = RequestsOf(of, window);
  selector.operation = of.operation;
  TRY(const std::vector<Point> points,
      series_.Aggregate(
          selector, {.by = {SeriesPart::kComponent, SeriesPart::kOperation, SeriesPart::kMetric},
                     .step = block}));
  return analysis::LogP95Blocks(points, window, block, judge.requests_min, sources);
}

// Only what the present version served: a baseline that contains another version's time would
// make the next change look better or worse than it is.
Result<Baseline> TelemetryReading::MeasureBaseline(const Watched& of, Instant changed_at) {
  const Duration step = series_.resolution();
  Window window{Settled() - config_.baseline_window, Settled()};
  window.begin = std::max(window.begin, RoundDown(changed_at, step) + step);
  if (window.end <= window.begin) return Baseline{.window = window};
  TRY(Measured measured, Measure(of, window));
  if (measured.first > window.begin && measured.first < window.end) {
    window.begin = measured.first;  // telemetry began later: rates are of the time it covers
    TRY(measured, Measure(of, window));
  }
  TRY(const Moments log_p95, LogP95(of, window, measured.sources));
  return Baseline{.window = window,
                  .operation = measured.operation,
                  .component = measured.component,
                  .sources = measured.sources,
                  .others = measured.others,
                  .log_p95 = log_p95};
}

Window TelemetryReading::NextLook(Instant deployed_at, std::optional<Instant> looked_until) const {
  const Duration step = series_.resolution();
  const Instant first = RoundDown(deployed_at + step - Duration(1), step);
  return {looked_until.value_or(first), Settled()};
}

Status TelemetryReading::MeasureLook(const Watched& of, const Baseline& baseline, Look& look) {
  TRY(const Measured measured, Measure(of, look.window, baseline.sources));
  look.operation = measured.operation;
  look.component = measured.component;
  look.slowed = monitoring::Slowed(baseline, measured.others);
  return {};
}

}  // namespace ratchet
