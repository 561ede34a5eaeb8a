#pragma once
// Metrics as they are kept: a summary for each series and bucket of the resolution.
//
// What is asked is computed where the data is: a look asks for aggregates, a rule for what fires,
// and only what needs every bucket reads ranges. The tenant filter is part of the selector and
// applied by the implementation, never by the caller. A reader holds up no writer, and a long
// read no short one. Thread-safe.

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/model/telemetry.h"
#include "ports/state_store.h"

namespace ratchet {

// What is not given selects all.
struct SeriesSelector {
  TenantFilter tenants = TenantFilter::All();
  std::optional<ComponentId> component;
  std::optional<std::string> operation;
  std::optional<std::string> version;  // "" = those that report none
  std::optional<SeriesRole> role;
  std::vector<std::string> metrics;  // any of them
  Labels labels;                     // all of them
  Window window{};                   // of the buckets' beginnings
};

enum class SeriesPart { kTenant, kComponent, kOperation, kVersion, kMetric };

struct Grouping {
  std::set<SeriesPart> by;       // keep series apart; over the other parts they are merged
  std::optional<Duration> step;  // apart for each step of the window, too
};

struct SeriesBuckets {
  SeriesKey series;
  std::vector<Instant> starts;  // in order
  std::vector<Summary> values;  // as many
};

enum class Measure { kCount, kErrorRate, kMean, kMax };
enum class Side { kAbove, kBelow };

// Fires for a group whose measure over the window is beyond the limit.
struct GateRule {
  Measure measure = Measure::kErrorRate;
  Side side = Side::kAbove;
  double limit = 0;
  std::uint64_t count_min = 1;  // groups with fewer values never fire
};

struct Firing {
  SeriesKey group;  // as in Aggregate
  double value = 0;
  std::uint64_t count = 0;
};

class SeriesReader {
 public:
  virtual ~SeriesReader() = default;

  // One point for each group, and step, that has data; in the order of their parts and time. Of
  // `series` only the parts that are grouped by are set; `start` is that of the first bucket.
  // A failure says nothing of the data.
  virtual Result<std::vector<Point>> Aggregate(const SeriesSelector& selector,
                                               const Grouping& grouping) = 0;
  // The groups that fire, in the order of their parts. `grouping.step` is not used.
  virtual Result<std::vector<Firing>> Gate(const SeriesSelector& selector, const Grouping& grouping,
                                           const GateRule& rule) = 0;
  // Every bucket, one series after the other in an order that does not change. After a failure
  // some series may have been visited.
  virtual Status Range(const SeriesSelector& selector,
                       const std::function<void(SeriesBuckets)>& visit) = 0;

  [[nodiscard]] virtual Duration resolution() const = 0;
};

}  // namespace ratchet
