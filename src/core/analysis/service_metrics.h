#pragma once
// From stored points to the figures that people and the judge speak of.

#include <span>

#include "core/model/monitoring.h"
#include "core/model/telemetry.h"

namespace ratchet::analysis {

// Which source each operation is read from: spans, unless there are none or they are sampled, which
// shows in histograms that counted over 10 % more requests. Histograms arrive in lumps of an
// exporter's interval, so this is decided once over everything that is compared, never anew for
// each window of it.
LatencySource DecideSource(std::uint64_t spans, std::uint64_t histograms);
LatencySources SourcesOf(std::span<const Point> points);

// Request latencies in ms, merged. An operation that `sources` does not know is read from its
// spans, or else from its histograms.
Summary RequestSummary(std::span<const Point> points, const LatencySources& sources);

// The same as latency, errors and throughput over the window.
ServiceMetrics MetricsOf(std::span<const Point> points, Window window,
                         const LatencySources& sources);

// Of the natural logarithm of the p95 (ms) in blocks of the window, those with at least
// `requests_min` requests. The last block may be shorter.
Moments LogP95Blocks(std::span<const Point> points, Window window, Duration block,
                     std::uint64_t requests_min, const LatencySources& sources);

}  // namespace ratchet::analysis
