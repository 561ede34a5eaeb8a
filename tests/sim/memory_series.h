#pragma once
// Series that a function makes up, read as the contract of SeriesReader has it: for the simulation,
// and for tests that need no file.

#include <functional>

#include "ports/series_reader.h"

namespace ratchet::sim {

class MemorySeries : public SeriesReader {
 public:
  // May give more than is selected, each bucket once; it is filtered here.
  using Source = std::function<Result<std::vector<Point>>(const SeriesSelector&)>;
  MemorySeries(Source source, Duration resolution)
      : source_(std::move(source)), resolution_(resolution) {}

  Result<std::vector<Point>> Aggregate(const SeriesSelector& selector,
                                       const Grouping& grouping) override;
  Result<std::vector<Firing>> Gate(const SeriesSelector& selector, const Grouping& grouping,
                                   const GateRule& rule) override;
  Status Range(const SeriesSelector& selector,
               const std::function<void(SeriesBuckets)>& visit) override;
  [[nodiscard]] Duration resolution() const override { return resolution_; }

 private:
  Result<std::vector<Point>> Selected(const SeriesSelector& selector) const;

  Source source_;
  Duration resolution_;
};

}  // namespace ratchet::sim
