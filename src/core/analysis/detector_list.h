#pragma once
// The detectors, in the order of InsightKind.

#include <array>

#include "core/analysis/detector.h"

namespace ratchet::analysis {

extern const Detector kLatencyDegradation, kThroughputDrop, kErrorRateSpike, kRecurringException,
    kRepeatedCalls, kSlowOperation, kRepeatedQueries;

inline constexpr std::array<const Detector*, kInsightKinds.size()> kAllDetectors = {
    &kLatencyDegradation, &kThroughputDrop, &kErrorRateSpike,  &kRecurringException,
    &kRepeatedCalls,      &kSlowOperation,  &kRepeatedQueries,
};

inline const Detector& DetectorOf(InsightKind kind) {
  return *kAllDetectors[static_cast<std::size_t>(kind)];
}

}  // namespace ratchet::analysis
