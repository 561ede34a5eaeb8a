#pragma once
// The kinds of insight, and what each one means to the rest: this table is the only place that
// tells kinds apart. How a kind is found, and what it asks for, says its detector (core/analysis).

#include <array>
#include <cstddef>
#include <string_view>

namespace ratchet {

enum class InsightKind {
  kLatencyDegradation,
  kThroughputDrop,
  kErrorRateSpike,
  kRecurringException,
  kRepeatedCalls,    // identical calls that a cache would save
  kSlowOperation,    // one function takes most of the time of a slow operation
  kRepeatedQueries,  // the same statement shape many times in one request
};

enum class Risk { kLow, kMedium, kHigh };

// A symptom is what people feel without knowing why; it is mended at a cause of the same operation.
enum class Standing { kCause, kSymptom };

// What a change that mends it must make better.
enum class Promise { kLatency, kErrors };

struct InsightTraits {
  InsightKind kind;
  std::string_view name;  // persisted
  Standing standing;
  Promise promise;
  Risk risk;  // of a change; high where the cause is not known yet
};

// Throughput follows the users: what serves fewer is made faster, too.
inline constexpr auto kInsightKinds = std::to_array<InsightTraits>({
    {InsightKind::kLatencyDegradation, "latency_degradation", Standing::kSymptom, Promise::kLatency,
     Risk::kHigh},
    {InsightKind::kThroughputDrop, "throughput_drop", Standing::kSymptom, Promise::kLatency,
     Risk::kHigh},
    {InsightKind::kErrorRateSpike, "error_rate_spike", Standing::kSymptom, Promise::kErrors,
     Risk::kHigh},
    {InsightKind::kRecurringException, "recurring_exception", Standing::kCause, Promise::kErrors,
     Risk::kMedium},
    {InsightKind::kRepeatedCalls, "repeated_calls", Standing::kCause, Promise::kLatency,
     Risk::kLow},
    {InsightKind::kSlowOperation, "slow_operation", Standing::kCause, Promise::kLatency,
     Risk::kMedium},
    {InsightKind::kRepeatedQueries, "repeated_queries", Standing::kCause, Promise::kLatency,
     Risk::kMedium},
});

constexpr const InsightTraits& TraitsOf(InsightKind kind) {
  return kInsightKinds[static_cast<std::size_t>(kind)];
}

static_assert(
    [] {
      for (std::size_t i = 0; i < kInsightKinds.size(); ++i)
        if (kInsightKinds[i].kind != static_cast<InsightKind>(i)) return false;
      return true;
    }(),
    "the rows are in the order of the enumerators");

}  // namespace ratchet
