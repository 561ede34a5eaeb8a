#pragma once
// From stored points to the figures that people and the judge speak of.

#include <span>

#include "core/model/monitoring.h"
#include "core/model/telemetry.h"

namespace ratchet::analysis {

// Latency, errors and throughput of requests over the window. Where an operation reports both
// spans and histograms, the source that saw more requests is used (spans may be sampled), and
// spans when both saw the same (they are exact, buckets are not).
ServiceMetrics MetricsOf(std::span<const Point> points, Window window);

// The same choice of source, as one merged summary of request latencies in ms.
Summary RequestSummary(std::span<const Point> points);

}  // namespace ratchet::analysis
