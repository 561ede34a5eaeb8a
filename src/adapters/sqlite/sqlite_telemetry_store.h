#pragma once
// Writes telemetry to one SQLite file: summaries a series and bucket, error clusters, call shapes.
// SqliteSeriesReader and SqliteIncidentStore read them.
//
// Thread-safe. Each Write is one transaction and durable (WAL, synchronous=NORMAL: a power cut may
// lose the last moments, a crash of the process nothing).

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>

#include "adapters/sqlite/database.h"
#include "adapters/sqlite/disk_reserve.h"
#include "core/intake/calls.h"
#include "core/intake/failures.h"
#include "core/intake/fair_share.h"
#include "core/intake/refused_times.h"
#include "ports/clock.h"
#include "ports/telemetry_sink.h"
#include "ports/telemetry_source.h"

namespace ratchet {

struct TelemetryLimits {
  Duration resolution{60'000};
  Duration retention{8 * 86'400'000};
  Duration future_max{600'000};  // samples further ahead have a wrong clock
  size_t series_max = 100'000;
  size_t clusters_max = 10'000;
  size_t shapes_max = 20'000;
  size_t users_a_shape_max = 20'000;
  intake::ConfiguredComponents configured;  // have priority in the three limits of rows above
};

class SqliteTelemetryStore : public TelemetrySink,
                             public TelemetryGaps,
                             public TelemetryRetention,
                             public SourceCursors {
 public:
  // While a given reserve is not held, every batch is refused with kResourceExhausted.
  static Result<std::unique_ptr<SqliteTelemetryStore>> Open(const std::string& path,
                                                            const TelemetryLimits& limits,
                                                            const Clock& clock,
                                                            const DiskReserve* reserve = nullptr);

  Result<WriteReport> Write(const TelemetryBatch& batch) override;
  [[nodiscard]] std::vector<Window> Refused(Window window) const override;
  Result<std::uint64_t> Expire(Instant now) override;
  Result<std::string> CursorOf(const std::string& source) override;

 private:
  SqliteTelemetryStore(std::unique_ptr<sqlite::Database> db, const TelemetryLimits& limits,
                       const Clock& clock, const DiskReserve* reserve)
      : db_(std::move(db)), limits_(limits), clock_(clock), reserve_(reserve) {}

  Status DecideRoles();
  Status LoadSeries();
  Status LoadShare(const std::string& table, intake::FairShare& share);
  Result<WriteReport> WriteLocked(const TelemetryBatch& batch);
  Status WriteAll(const TelemetryBatch& batch, WriteReport& report);
  [[nodiscard]] bool Acceptable(Instant t, WriteReport& report) const;
  Status AddPoint(const SeriesKey& series, Instant time, const Summary& values,
                  WriteReport& report);
  Result<std::int64_t> SeriesId(const SeriesKey& series);
  Result<Summary*> LoadPoint(std::int64_t series, std::int64_t start);
  Status AddLog(const LogRecord& log, WriteReport& report);
  // The id of a new error cluster; 0 when there is no room for it.
  Result<std::int64_t> AddCluster(const LogRecord& log, const intake::Failure& failure,
                                  WriteReport& report);
  Status AddSpans(const std::vector<SpanRecord>& spans, WriteReport& report);
  Status AddCall(const intake::Call& call, WriteReport& report);
  Result<std::int64_t> ShapeId(const SpanRecord& span, const std::string& statement);
  // 0 when there is none.
  Result<std::int64_t> FindShape(const SpanRecord& span, const std::string& statement);
  Status AddShape(const SpanRecord& span, const std::string& statement);
  Status KeepCursor(const SourceCursor& cursor);
  Status CountArrivals(const TelemetryBatch& batch);
  [[nodiscard]] std::int64_t BucketOf(Instant t) const;
  Result<std::vector<std::int64_t>> Ids(const char* sql);
  // All return how many rows went.
  Result<std::int64_t> ExpireSome(const char* sql, const std::vector<std::int64_t>& ids,
                                  size_t& next, std::int64_t oldest);
  Result<std::int64_t> ExpireOwners(std::int64_t oldest);
  Result<std::int64_t> Delete(sqlite::Query query);

  std::unique_ptr<sqlite::Database> db_;
  TelemetryLimits limits_;
  mutable std::mutex mutex_;
  const Clock& clock_;
  const DiskReserve* reserve_;
  intake::RefusedTimes refused_;
  intake::FairShare series_share_{"series", limits_.series_max, limits_.configured};
  intake::FairShare clusters_share_{"error clusters", limits_.clusters_max, limits_.configured};
  intake::FairShare shapes_share_{"call shapes", limits_.shapes_max, limits_.configured};
  std::set<TenantId> counted_tenants_;
  std::map<SeriesKey, std::int64_t> series_;
  std::map<std::pair<std::int64_t, std::int64_t>, Summary>
      points_;  // recently written, for merging
  std::set<std::pair<std::int64_t, std::int64_t>> touched_;
  std::unordered_map<std::string, std::int64_t> shapes_;
  std::unordered_map<std::int64_t, std::size_t> shape_users_;
  intake::Calls calls_;
  intake::Failures failures_;
};

}  // namespace ratchet
