#pragma once
// What is kept of an operation's points while they stream by: enough for every detector, and small,
// so that a week of many operations fits into memory.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/model/monitoring.h"
#include "core/model/telemetry.h"

namespace ratchet::analysis {

using OperationKey = std::tuple<TenantId, ComponentId, std::string>;

struct AnalysisWindows {
  Instant now;
  Duration current{3'600'000};                // "now", for rates and latencies
  Duration baseline{7 * 86'400'000};          // what they are compared with: the time before
  Duration calls{3'600'000};                  // how far back calls are looked at
  std::map<ComponentId, Instant> changed_at;  // other versions' calls say nothing of this one

  [[nodiscard]] Instant current_from() const { return now - current; }
  [[nodiscard]] Instant calls_from(const ComponentId& component) const;
};

// The requests of one operation, as one source saw them.
struct RequestHistory {
  Summary current, baseline, calls;  // over the windows
  std::optional<Instant> first;      // of the baseline's points
  std::set<std::int64_t> hours;      // of the current window, with requests in them

  // Means of the baseline's buckets, in order of time: for their spread.
  [[nodiscard]] std::vector<double> BucketMeans() const;

 private:
  friend class Histories;
  struct Bucket {
    Instant start;
    double sum = 0;
    std::uint64_t count = 0;
  };
  std::vector<Bucket> buckets_;
};

class Histories {
 public:
  Histories() = default;
  explicit Histories(AnalysisWindows windows) : windows_(std::move(windows)) {}

  void Add(const Point& point);

  [[nodiscard]] const AnalysisWindows& windows() const { return windows_; }
  [[nodiscard]] std::vector<OperationKey> Operations() const;
  // Of the source that the operation is read from; an empty one for an unknown operation.
  [[nodiscard]] const RequestHistory& Of(const OperationKey& operation) const;

 private:
  struct Sources {
    RequestHistory spans, histograms;
  };
  AnalysisWindows windows_;
  std::map<OperationKey, Sources> operations_;
  std::map<LatencySources::key_type, std::pair<std::uint64_t, std::uint64_t>> counts_;
};

}  // namespace ratchet::analysis
