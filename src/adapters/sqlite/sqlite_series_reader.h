#pragma once
// Series from the telemetry file, on connections of their own. See ports/series_reader.h.
//
// A read walks the series that are selected (by an index that begins with the component) and takes
// the window's rows of each by the primary key: what it costs depends on what it returns, not on
// how much is kept.

#include "adapters/sqlite/read_connections.h"
#include "ports/series_reader.h"

namespace ratchet {

class SqliteSeriesReader : public SeriesReader {
 public:
  // The file must have been opened by SqliteTelemetryStore before, which brings its schema up.
  SqliteSeriesReader(const std::string& path, Duration resolution)
      : connections_(path), resolution_(resolution) {}

  Result<std::vector<Point>> Aggregate(const SeriesSelector& selector,
                                       const Grouping& grouping) override;
  Result<std::vector<Firing>> Gate(const SeriesSelector& selector, const Grouping& grouping,
                                   const GateRule& rule) override;
  Status Range(const SeriesSelector& selector,
               const std::function<void(SeriesBuckets)>& visit) override;
  [[nodiscard]] Duration resolution() const override { return resolution_; }

 private:
  sqlite::ReadConnections connections_;
  Duration resolution_;
};

}  // namespace ratchet
