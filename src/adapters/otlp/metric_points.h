#pragma once
// Metric data points to samples: cumulative ones become differences, buckets become summaries.

#include <list>
#include <string>
#include <unordered_map>

#include "adapters/otlp/decoded.h"
#include "core/stats/summary.h"

namespace ratchet::otlp {

// What a bucketed histogram says of its values: each bucket counts at its middle, sum, min and max
// are exact where they were reported.
Summary SummaryOf(const HistogramPoint& point);

// Remembers the last cumulative point of each series (least recently used are forgotten). Resets (a
// new start time, or smaller counts) start again from zero.
class CumulativeState {
 public:
  explicit CumulativeState(size_t capacity) : capacity_(capacity) {}
  // The difference to the last point of the series; false for the first one of a stream that began
  // before we listened.
  bool Difference(const std::string& series, NumberPoint& point);
  bool Difference(const std::string& series, HistogramPoint& point);

 private:
  struct Last {
    std::string series;
    Instant start;
    double value = 0;
    HistogramPoint histogram;
  };
  Last* Touch(const std::string& series, bool& known);
  size_t capacity_;
  std::list<Last> order_;
  std::unordered_map<std::string, std::list<Last>::iterator> known_;
};

}  // namespace ratchet::otlp
