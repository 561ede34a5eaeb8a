#pragma once
// What cannot be true is refused here, between decoding and translation: counts that do not add
// up, numbers that nobody measured, spans without an identity. Each record is judged alone.

#include <string>
#include <vector>

#include "core/intake/records.h"

namespace ratchet::intake {

enum class Measures { kAnything, kLatency };

// Why the record is refused; empty: it is fine.
std::string FaultOf(const Metric& metric);  // of all its points
std::string FaultOf(const NumberPoint& point);
std::string FaultOf(const HistogramPoint& point, MetricKind kind, Measures measures);
std::string FaultOf(const Span& span);

// Takes the faulty records out and counts them. `latency_metrics` cannot be negative.
void RejectFaulty(const std::vector<std::string>& latency_metrics, Decoded& decoded);

}  // namespace ratchet::intake
