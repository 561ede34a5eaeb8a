#pragma once
// Metric data points to samples: cumulative ones become differences, buckets become summaries.

#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/intake/records.h"
#include "core/stats/summary.h"

namespace ratchet::intake {

// What a bucketed histogram says of its values: each bucket counts at its middle, sum, min and max
// are exact where they were reported.
Summary SummaryOf(const HistogramPoint& point);

// Remembers the last cumulative point of each series. Resets (a new start time, or smaller counts)
// start again from zero. `capacity` is in points of about 32 numbers: larger histograms take the
// room of several. Beyond it the least recently used are forgotten.
class CumulativeState {
 public:
  CumulativeState(size_t capacity, Instant listening_since)
      : capacity_(capacity), listening_since_(listening_since) {}
  // The difference to the last point of the series. The first point of a stream counts whole when
  // the stream began while we listened; of an older one it is only remembered, and false.
  bool Difference(const std::string& series, NumberPoint& point);
  bool Difference(const std::string& series, HistogramPoint& point);
  // Forgets what was remembered since the last Keep: the batch was refused and will come again.
  void Undo();
  void Keep() { journal_.clear(); }

 private:
  struct Last {
    std::string series;
    bool known = false;
    Instant start;
    double value = 0;
    HistogramPoint histogram;
  };
  Last* Touch(const std::string& series, bool& known);
  void Shrink();
  static size_t Weight(const HistogramPoint& point);
  size_t capacity_, weight_ = 0;
  Instant listening_since_;
  std::list<Last> order_;
  std::vector<Last> journal_;  // as they were before, oldest first
  std::unordered_map<std::string, std::list<Last>::iterator> known_;
};

}  // namespace ratchet::intake
