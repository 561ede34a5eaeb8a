// A state folder that version 1 left behind during a watch: the engine opens it and goes on.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "adapters/sqlite/sqlite_state_store.h"
#include "engine/engine.h"

namespace ratchet {
namespace {

class FixedClock : public Clock {
 public:
  [[nodiscard]] Instant Now() const override { return now; }
  Instant now;
};

class KeepingRunner : public EffectRunner {
 public:
  void Start(EffectJob job) override { jobs.push_back(std::move(job)); }
  // The next job of a kind, taken out.
  std::optional<EffectJob> Take(cycle::EffectKind kind) {
    const auto at =
        std::ranges::find_if(jobs, [&](const EffectJob& job) { return job.effect.kind == kind; });
    if (at == jobs.end()) return std::nullopt;
    EffectJob job = std::move(*at);
    jobs.erase(at);
    return job;
  }
  std::vector<EffectJob> jobs;
};

class UpgradeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "ratchet-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    std::ifstream dump(std::string(RATCHET_TEST_DATA) + "/state_v1.sql");
    std::stringstream text;
    text << dump.rdbuf();
    {
      auto db = sqlite::Database::Open(folder_ + "/state.db", sqlite::Synchronous::kNormal,
                                       sqlite::OpenMode::kReadWrite);
      ASSERT_TRUE((*db)->Execute(text.str()));
    }
    store_ = *SqliteStateStore::Open({.path = folder_ + "/state.db", .audit_key = "key"});
    ComponentConfig component;
    component.id = ComponentId("the-service");
    component.root = "/srv/meeting";
    component.autonomy = Autonomy::kApprove;
    config_.components.emplace(component.id, component);
    config_.schedule.enabled = false;
    config_.policy.judge.bad_looks = 1;
    config_.policy.judge.requests_min = 8;
    const auto state = store_->Load();
    ASSERT_EQ(state->watches.size(), 1U);
    clock_.now = state->watches[0].looks.back().window.end + Duration(2'000);
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Open() {
    auto engine = Engine::Open(config_, {clock_, *store_, *store_, runner_});
    ASSERT_TRUE(engine) << engine.error().message;
    engine_ = std::move(*engine);
    // The mechanics are compared with those of the last rehearsal, which are not known any more.
    const auto rehearsal = runner_.Take(cycle::EffectKind::kRehearse);
    ASSERT_TRUE(rehearsal.has_value());
    ASSERT_TRUE(engine_->OnAnswer(rehearsal->effect.key, rehearsal->start, Rehearsed{}));
  }
  EffectJob NextLook() {
    for (int i = 0; i < 20; ++i) {
      if (auto job = runner_.Take(cycle::EffectKind::kLook)) return *job;
      clock_.now = std::max(clock_.now, engine_->NextWake().value_or(clock_.now));
      EXPECT_TRUE(engine_->FireDueTimers());
    }
    ADD_FAILURE() << "no look is asked for";
    return {};
  }
  void Answer(const EffectJob& job, const cycle::WatchEvent& event) {
    EXPECT_TRUE(engine_->OnAnswer(job.effect.key, job.start, event));
  }
  Improvement Stored() {
    return *store_->FindImprovement(TenantFilter::All(), ImprovementId("imp-000010"));
  }

  std::string folder_;
  FixedClock clock_;
  EngineConfig config_;
  KeepingRunner runner_;
  std::unique_ptr<SqliteStateStore> store_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(UpgradeTest, TheWatchGoesOnWithPolicyAndMechanicsOfNow) {
  Open();
  const EffectJob look = NextLook();
  ASSERT_TRUE(look.watch.has_value());
  EXPECT_EQ(look.watch->id, WatchId("watch-000010"));
  EXPECT_EQ(look.watch->looks.size(), 2U);
  EXPECT_EQ(look.watch->policy.judge.bad_looks, 1);
  EXPECT_EQ(look.watch->component.root, "/srv/meeting");
  ASSERT_TRUE(look.change.has_value());
}

TEST_F(UpgradeTest, ABadLookTakesItBack) {
  Open();
  const EffectJob job = NextLook();
  const ServiceMetrics slow{
      .latency_p50 = 900, .latency_p95 = 1000, .throughput = 1, .requests = 100};
  const Instant begin = job.watch->looks.back().window.end;
  Answer(job,
         cycle::LookTaken{{.window = {begin, clock_.now}, .operation = slow, .component = slow}});
  EXPECT_EQ(Stored().status, ImprovementStatus::kRollingBack);
  const auto undo = runner_.Take(cycle::EffectKind::kRollBack);
  ASSERT_TRUE(undo.has_value());
  Answer(*undo, cycle::RolledBack{});
  EXPECT_EQ(Stored().status, ImprovementStatus::kRolledBack);
  EXPECT_EQ(Stored().end, EndReason::kDegraded);
  EXPECT_EQ(engine_->targets().begin()->second.expected_version, Stored().tree_before);
}

// What the old version kept can still be taken back by a person.
TEST_F(UpgradeTest, WhatWasKeptBeforeHasAWatchToUndo) {
  const auto kept = store_->FindWatch(TenantFilter::All(), WatchId("watch-000003"));
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_EQ(kept->end, WatchEnd::kKept);
  EXPECT_FALSE(IsOpen(*kept));
}

}  // namespace
}  // namespace ratchet
