#include "engine/telemetry_reading.h"

#include <algorithm>

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
  TelemetryQuery query;
  query.tenants = cycle.tenant.empty() ? TenantFilter::All() : TenantFilter::Only({cycle.tenant});
  query.window = {windows.current_from() - windows.baseline, now};
  query.metrics = {kSpanLatency, kRequestLatency};
  TRY_STATUS(
      telemetry_.VisitPoints(query, [&](const Point& point) { input.histories.Add(point); }));
  query.metrics.clear();
  query.window = {now - windows.calls, now};
  AnalysisFound found;
  TRY(found.telemetry, telemetry_.Counts(query));
  TRY(input.shapes, Shapes(query, windows));
  query.window = {windows.current_from(), now};
  TRY(input.clusters, telemetry_.ErrorClusters(query));
  found.insights = analysis::Detect(input, config_.detectors);
  found.opportunities =
      analysis::FindOpportunities(input, found.insights, [&](const ComponentId& id) {
        const auto at = config_.components.find(id);
        return at == config_.components.end() ? Reach::kSystemWide : at->second.reach();
      });
  return found;
}

// Of a component that changed inside the window only what was called since then.
Result<std::vector<CallShape>> TelemetryReading::Shapes(TelemetryQuery query,
                                                        const analysis::AnalysisWindows& windows) {
  TRY(std::vector<CallShape> shapes, telemetry_.CallShapes(query));
  for (const auto& [id, changed_at] : windows.changed_at) {
    if (changed_at <= query.window.begin) continue;
    std::erase_if(shapes, [&](const CallShape& shape) { return shape.component == id; });
    query.component = id;
    query.window.begin = changed_at;
    TRY(std::vector<CallShape> since, telemetry_.CallShapes(query));
    std::ranges::move(since, std::back_inserter(shapes));
    query.window.begin = windows.now - windows.calls;
  }
  return shapes;
}

Instant TelemetryReading::Settled() const {
  return RoundDown(clock_.Now() - config_.telemetry_delay, telemetry_.resolution());
}

Result<TelemetryReading::Measured> TelemetryReading::Measure(
    const Opportunity& opportunity, Window window, const std::optional<LatencySources>& known) {
  TelemetryQuery query;
  // A shared root serves every tenant, so every tenant's requests are looked at.
  query.tenants = opportunity.reach == Reach::kSystemWide
                      ? TenantFilter::All()
                      : TenantFilter::Only({opportunity.tenant});
  query.component = opportunity.component;
  query.metrics = {kSpanLatency, kRequestLatency};
  query.window = window;
  TRY(const std::vector<Point> points, telemetry_.Points(query));
  std::vector<Point> of_operation;
  std::ranges::copy_if(points, std::back_inserter(of_operation),
                       [&](const Point& p) { return p.series.operation == opportunity.operation; });
  Instant first = window.end;
  for (const Point& point : points) first = std::min(first, point.start);
  const LatencySources sources = known ? *known : analysis::SourcesOf(points);
  const monitoring::JudgePolicy& judge = config_.policy.judge;
  const Duration block = std::max(judge.interval, telemetry_.resolution());
  return Measured{
      .operation = analysis::MetricsOf(of_operation, window, sources),
      .component = analysis::MetricsOf(points, window, sources),
      .others = OtherOperations(points, opportunity.operation, window, sources),
      .sources = sources,
      .log_p95 = analysis::LogP95Blocks(of_operation, window, block, judge.requests_min, sources),
      .first = first};
}

// Only what the present version served: a baseline that contains another version's time would
// make the next change look better or worse than it is.
Result<Baseline> TelemetryReading::MeasureBaseline(const Opportunity& opportunity,
                                                   Instant changed_at) {
  const Duration step = telemetry_.resolution();
  Window window{Settled() - config_.baseline_window, Settled()};
  window.begin = std::max(window.begin, RoundDown(changed_at, step) + step);
  if (window.end <= window.begin) return Baseline{.window = window};
  TRY(Measured measured, Measure(opportunity, window));
  if (measured.first > window.begin && measured.first < window.end) {
    window.begin = measured.first;  // telemetry began later: rates are of the time it covers
    TRY(measured, Measure(opportunity, window));
  }
  return Baseline{.window = window,
                  .operation = measured.operation,
                  .component = measured.component,
                  .sources = measured.sources,
                  .others = measured.others,
                  .log_p95 = measured.log_p95};
}

Window TelemetryReading::NextLook(Instant deployed_at, std::optional<Instant> looked_until) const {
  const Duration step = telemetry_.resolution();
  const Instant first = RoundDown(deployed_at + step - Duration(1), step);
  return {looked_until.value_or(first), Settled()};
}

Status TelemetryReading::MeasureLook(const Opportunity& opportunity, const Baseline& baseline,
                                     Look& look) {
  TRY(const Measured measured, Measure(opportunity, look.window, baseline.sources));
  look.operation = measured.operation;
  look.component = measured.component;
  look.slowed = monitoring::Slowed(baseline, measured.others);
  return {};
}

}  // namespace ratchet
