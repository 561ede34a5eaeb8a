// How long a look takes while a writer writes, and how long the writer waits: on a telemetry file
// of many series and days, with the reading code that the engine uses.
//
// ratchet-bench-look FOLDER SERIES DAYS RESOLUTION_S. The file is kept in FOLDER and used again
// when it is there. One line of JSON.

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "adapters/sqlite/sqlite_incident_store.h"
#include "adapters/sqlite/sqlite_series_reader.h"
#include "adapters/sqlite/sqlite_telemetry_store.h"
#include "core/base/random.h"
#include "engine/telemetry_reading.h"

namespace {

using namespace ratchet;  // NOLINT(google-build-using-namespace): a bench of the whole project
using Stopwatch = std::chrono::steady_clock;

const Instant kNow = FromMillis(1'800'000'000'000);

class FixedClock : public Clock {
 public:
  [[nodiscard]] Instant Now() const override { return kNow; }
};

struct Size {
  std::string folder;
  int series = 0, days = 0;
  Duration resolution{};
  [[nodiscard]] std::string path() const {
    return fmt::format("{}/telemetry-{}-{}-{}.db", folder, series, days, resolution.count());
  }
};

double MsSince(Stopwatch::time_point begin) {
  return std::chrono::duration<double, std::milli>(Stopwatch::now() - begin).count();
}

// The first has a tenth of all series; the others 100 each: 50 operations, spans and histograms.
std::vector<SeriesKey> AllSeries(int count) {
  std::vector<SeriesKey> all;
  for (int i = 0; i < count; ++i) {
    const bool large = i < count / 10;
    const int component = large ? 0 : 1 + (i - count / 10) / 100;
    const int within = large ? i : (i - count / 10) % 100;
    all.push_back({TenantId("t"), ComponentId(fmt::format("component-{}", component)),
                   fmt::format("GET /operation/{}", within / 2), "v1",
                   within % 2 == 0 ? kSpanLatency : kRequestLatency});
  }
  return all;
}

// What a minute of 20 requests leaves behind.
std::vector<Summary> Summaries() {
  std::vector<Summary> summaries(256);
  SeededRandom random(1);
  for (Summary& summary : summaries) {
    for (int i = 0; i < 20; ++i) summary.Add(std::exp(3 + 0.5 * random.Normal()));
  }
  return summaries;
}

// By SQL alone, in the order of the keys: row by row it would take longer than anybody waits.
Status SeedPoints(sqlite::Database& db, const Size& size) {
  TRY_STATUS(db.Execute(
      "CREATE TEMP TABLE summaries (n INTEGER PRIMARY KEY, count, sum, min, max, sketch);"
      "CREATE TEMP TABLE buckets (n INTEGER PRIMARY KEY, start)"));
  int number = 0;
  for (const Summary& values : Summaries()) {
    TRY(auto insert, db.Prepare("INSERT INTO summaries VALUES (?, ?, ?, ?, ?, ?)"));
    TRY_STATUS(insert.Int(number++)
                   .Int(static_cast<std::int64_t>(values.count))
                   .Real(values.sum)
                   .Real(values.min)
                   .Real(values.max)
                   .Blob(values.sketch.Encode())
                   .Run());
  }
  const std::int64_t buckets = Duration(86'400'000) * size.days / size.resolution;
  for (std::int64_t bucket = 0; bucket < buckets; ++bucket) {
    TRY(auto insert, db.Prepare("INSERT INTO buckets VALUES (?, ?)"));
    TRY_STATUS(insert.Int(bucket).Int(ToMillis(kNow - size.resolution * (buckets - bucket))).Run());
  }
  for (int id = 1; id <= size.series; id += 100) {
    TRY(auto insert,
        db.Prepare("INSERT INTO points SELECT series.id, start, count, 0, sum, min, max, sketch "
                   "FROM series CROSS JOIN buckets CROSS JOIN summaries "
                   "ON summaries.n = (series.id * 31 + buckets.n) % ? "
                   "WHERE series.id BETWEEN ? AND ?"));
    TRY_STATUS(insert.Int(number).Int(id).Int(id + 99).Run());
  }
  return {};
}

Status Seed(const Size& size) {
  TRY(const auto db, sqlite::Database::Open(size.path(), sqlite::Synchronous::kNormal,
                                            sqlite::OpenMode::kReadWrite));
  for (const SeriesKey& series : AllSeries(size.series)) {
    TRY(auto insert, db->Prepare("INSERT INTO series (tenant, component, operation, version, "
                                 "metric, labels, role) VALUES (?, ?, ?, ?, ?, '{}', 1)"));
    TRY_STATUS(insert.Text(series.tenant.value)
                   .Text(series.component.value)
                   .Text(series.operation)
                   .Text(series.version)
                   .Text(series.metric)
                   .Run());
  }
  return SeedPoints(*db, size);
}

// One request a time, so that what is measured is the wait and not the work.
class Writer {
 public:
  explicit Writer(TelemetrySink& sink) : sink_(sink) {}

  // Until `stop`; how long each write took, in ms.
  std::vector<double> Run(const std::atomic<bool>& stop) {
    std::vector<double> took;
    while (!stop) {
      Sample sample{.series = {TenantId("t"), ComponentId("component-1"), "GET /operation/1", "v1",
                               kSpanLatency},
                    .time = kNow - Duration(1000)};
      sample.values.Add(20);
      const auto begin = Stopwatch::now();
      if (!sink_.Write({.samples = {sample}})) std::abort();
      took.push_back(MsSince(begin));
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return took;
  }

 private:
  TelemetrySink& sink_;
};

std::string Figures(const char* name, std::vector<double> ms) {
  std::ranges::sort(ms);
  const auto at = [&](double q) {
    return ms.empty() ? 0 : ms[static_cast<size_t>(q * static_cast<double>(ms.size() - 1))];
  };
  return fmt::format(
      R"("{}": {{"n": {}, "p50": {:.2f}, "p95": {:.2f}, "p99": {:.2f}, "max": {:.2f}}})", name,
      ms.size(), at(0.5), at(0.95), at(0.99), at(1));
}

class Bench {
 public:
  Bench(const Size& size, TelemetrySink& sink)
      : sink_(sink),
        components_(1 + (size.series - size.series / 10 + 99) / 100),
        series_(size.path(), size.resolution),
        incidents_(size.path()),
        reading_(config_, clock_, series_, incidents_) {
    config_.telemetry_delay = Duration(0);
  }

  std::string Run() {
    const auto reads = [&](const char* name, int times, const auto& read) {
      std::vector<double> took;
      const std::vector<double> waits = WhileWriting([&] {
        for (int i = 0; i < times; ++i) {
          const auto begin = Stopwatch::now();
          read(i);
          took.push_back(MsSince(begin));
        }
      });
      return Figures(name, took) + ", " + Figures((std::string("writer, ") + name).c_str(), waits);
    };
    const auto ordinary = [&](int i) { return 1 + i % (components_ - 1); };
    std::string out = reads("look", 400, [&](int i) { Look(ordinary(i)); });
    out += ", " + reads("look at the largest", 50, [&](int) { Look(0); });
    out += ", " + reads("baseline", 20, [&](int i) { Baseline(ordinary(i)); });
    out +=
        ", " + reads("alone", 1, [](int) { std::this_thread::sleep_for(std::chrono::seconds(3)); });
    return "{" + out + "}";
  }

 private:
  std::vector<double> WhileWriting(const auto& work) {
    std::atomic<bool> stop = false;
    std::vector<double> waits;
    {
      const std::jthread writing([&] { waits = Writer(sink_).Run(stop); });
      work();
      stop = true;
    }
    return waits;
  }

  static Watched Of(int component) {
    return {.component = ComponentId(fmt::format("component-{}", component)),
            .tenant = TenantId("t"),
            .operation = "GET /operation/1"};
  }

  void Look(int component) {
    ratchet::Look look;
    look.window = {kNow - config_.policy.judge.interval, kNow};
    if (!reading_.MeasureLook(Of(component), {}, look) || look.operation.requests == 0)
      std::abort();
  }

  void Baseline(int component) {
    const auto baseline = reading_.MeasureBaseline(Of(component), Instant());
    if (!baseline || baseline->operation.requests == 0) std::abort();
  }

  TelemetrySink& sink_;
  int components_;
  FixedClock clock_;
  EngineConfig config_;
  SqliteSeriesReader series_;
  SqliteIncidentStore incidents_;
  TelemetryReading reading_;
};

Status Run(const Size& size) {
  const bool there = std::filesystem::exists(size.path());
  const FixedClock clock;
  const TelemetryLimits limits{.resolution = size.resolution,
                               .retention = Duration(86'400'000) * (size.days + 1)};
  {
    TRY(const auto schema, SqliteTelemetryStore::Open(size.path(), limits, clock));
    const auto begin = Stopwatch::now();
    if (!there) TRY_STATUS(Seed(size));
    fmt::print(stderr, "seeded in {:.0f} s\n", MsSince(begin) / 1000);
  }
  TRY(const auto store, SqliteTelemetryStore::Open(size.path(), limits, clock));
  fmt::print("{}\n", Bench(size, *store).Run());
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const Size size{.folder = argv[1],
                  .series = std::atoi(argv[2]),
                  .days = std::atoi(argv[3]),
                  .resolution = std::chrono::seconds(std::atoi(argv[4]))};
  const Status run = Run(size);
  if (!run) fmt::print(stderr, "{}\n", run.error().message);
  return run ? 0 : 1;
}
