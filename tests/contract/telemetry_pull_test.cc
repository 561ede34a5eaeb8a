// A source read into the real store: nothing is lost and nothing counted twice.

#include "engine/telemetry_pull.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <memory>

#include "adapters/sqlite/sqlite_series_reader.h"
#include "adapters/sqlite/sqlite_telemetry_store.h"

namespace ratchet {
namespace {

const Instant kNow = FromMillis(1'700'000'040'000);

class FixedClock : public Clock {
 public:
  [[nodiscard]] Instant Now() const override { return kNow; }
};

// One point a pull; the cursor is how many were read.
class Counter : public TelemetrySource {
 public:
  [[nodiscard]] std::string name() const override { return "counter"; }
  Result<Pulled> Pull(const std::string& cursor) override {
    const int read = cursor.empty() ? 0 : std::stoi(cursor);
    if (read == fails_at) return Fail(ErrorCode::kUnavailable, "away");
    if (read == there) return Pulled{.cursor = cursor};
    intake::NumberPoint point{.time = kNow, .value = read == odd_one ? HUGE_VAL : 1};
    point.has_value = true;
    return Pulled{.resources = {{.metrics = {{.name = "m", .numbers = {point}}}}},
                  .cursor = std::to_string(read + 1)};
  }
  int there = 5, fails_at = -1, odd_one = -1;
};

class TelemetryPullTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "ratchet-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    Restart();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Restart(const DiskReserve* reserve = nullptr) {
    store_.reset();
    store_ = std::move(*SqliteTelemetryStore::Open(path(), {}, clock_, reserve));
  }
  [[nodiscard]] std::string path() const { return folder_ + "/telemetry.db"; }
  Result<WriteReport> Run() { return TelemetryPull({source_, *store_, *store_, clock_}, {}).Run(); }
  std::uint64_t Stored() {
    SqliteSeriesReader reader(path(), Duration(60'000));
    const auto points =
        reader.Aggregate({.window = {kNow - Duration(600'000), kNow + Duration(1)}}, {});
    return points->empty() ? 0 : points->at(0).values.count;
  }
  FixedClock clock_;
  std::string folder_;
  Counter source_;
  std::unique_ptr<SqliteTelemetryStore> store_;
};

TEST_F(TelemetryPullTest, WhatWasReadIsNotReadAgainAfterARestart) {
  EXPECT_EQ(Run()->accepted, 5U);
  Restart();
  EXPECT_EQ(Run()->accepted, 0U);
  source_.there = 7;
  EXPECT_EQ(Run()->accepted, 2U);
  EXPECT_EQ(Stored(), 7U);
}

TEST_F(TelemetryPullTest, AFailedSourceGoesOnWhereItStopped) {
  source_.fails_at = 3;
  EXPECT_FALSE(Run());
  EXPECT_EQ(Stored(), 3U);
  source_.fails_at = -1;
  ASSERT_TRUE(Run());
  EXPECT_EQ(Stored(), 5U);
}

TEST_F(TelemetryPullTest, WhatIsRefusedIsReadAgain) {
  const DiskReserve none(folder_ + "/reserve");  // never held: the disk counts as full
  Restart(&none);
  const auto refused = Run();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(*store_->CursorOf("counter"), "");
  Restart();
  ASSERT_TRUE(Run());
  EXPECT_EQ(Stored(), 5U);
}

TEST_F(TelemetryPullTest, WhatCannotBeTrueIsDroppedAndCounted) {
  source_.odd_one = 2;
  const auto report = Run();
  EXPECT_EQ(report->accepted, 4U);
  EXPECT_EQ(report->dropped_by.at("invalid"), 1U);
  EXPECT_EQ(Stored(), 4U);
}

}  // namespace
}  // namespace ratchet
