#include "adapters/sqlite/sqlite_state_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace ratchet {
namespace {

class SqliteStateStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "ratchet-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    Reopen();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Reopen() {
    store_.reset();
    auto opened = SqliteStateStore::Open({.path = folder_ + "/state.db", .audit_key = "secret"});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  void Audit(const std::string& action) {
    Transaction tx;
    tx.audit.push_back(
        {TenantId("t"), ImprovementId("i"), ComponentId("c"), {"ratchet", action, "{}"}, {}});
    ASSERT_TRUE(store_->Commit(tx));
  }
  AuditVerdict Verify(std::vector<AuditHead> exported = {}) {
    AuditVerifier verifier("secret", std::move(exported));
    const auto own = store_->VisitAudit([&](const AuditEntry& e) { verifier.Add(e); });
    EXPECT_TRUE(own);
    return verifier.Finish(own.value_or(AuditHead{}));
  }
  void Sql(const std::string& statement) {
    auto db = sqlite::Database::Open(folder_ + "/state.db", sqlite::Synchronous::kNormal,
                                     sqlite::OpenMode::kReadWrite);
    ASSERT_TRUE((*db)->Execute(statement));
  }
  std::string folder_;
  std::unique_ptr<SqliteStateStore> store_;
};

TEST_F(SqliteStateStoreTest, EverythingComesBackAfterReopening) {
  Transaction tx;
  tx.system = SystemState{.stopped = true, .stopped_by = "anna", .next_id = 7};
  Improvement improvement;
  improvement.id = ImprovementId("imp-1");
  improvement.status = ImprovementStatus::kMonitoring;
  tx.improvements = {improvement};
  tx.changes.emplace_back(improvement.id,
                          Change{.files = {{"a.py", std::string("x\xff\0y", 4), "z"}}});
  tx.effects = {{{EffectKey("imp-1/look/1"), cycle::EffectKind::kLook, "imp-1", ""}, 2}};
  tx.timers_set = {{"imp-1", cycle::TimerKind::kLook, FromMillis(99)}};
  tx.reservations = {{"k#1", "2026-01-01", 0.5}};
  ASSERT_TRUE(store_->Commit(tx));
  Reopen();
  const auto state = store_->Load();
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_TRUE(state->system.stopped);
  EXPECT_EQ(state->system.next_id, 7);
  ASSERT_EQ(state->improvements.size(), 1U);
  ASSERT_EQ(state->effects.size(), 1U);
  EXPECT_EQ(state->effects[0].attempts, 2);
  ASSERT_EQ(state->timers.size(), 1U);
  EXPECT_EQ(store_->LoadChange(improvement.id)->files[0].before, std::string("x\xff\0y", 4));
  EXPECT_EQ(*store_->ReservedOn("2026-01-01", ""), 0.5);
}

TEST_F(SqliteStateStoreTest, TotalsAreOfEverythingThatWasStored) {
  EXPECT_EQ(store_->Totals()->cycles_started, 0);
  Transaction tx;
  const auto improvement = [&](const std::string& id, ImprovementStatus status, double score) {
    Improvement made;
    made.id = ImprovementId(id);
    made.status = status;
    made.opportunity.score = score;
    made.llm_tokens = 100;
    if (status != ImprovementStatus::kFailed) made.deployed_at = FromMillis(5);
    tx.improvements.push_back(made);
  };
  improvement("imp-1", ImprovementStatus::kCompleted, 7200);
  improvement("imp-2", ImprovementStatus::kRolledBack, 900);
  improvement("imp-3", ImprovementStatus::kFailed, 300);
  Cycle running{.id = CycleId("cycle-1"), .opportunities_identified = 4};
  Cycle ended{.id = CycleId("cycle-2"),
              .status = CycleStatus::kCompleted,
              .start_time = FromMillis(1000),
              .end_time = FromMillis(3500),
              .opportunities_identified = 2};
  tx.cycles = {ended, running};
  ASSERT_TRUE(store_->Commit(tx));
  const auto totals = store_->Totals();
  ASSERT_TRUE(totals) << totals.error().message;
  EXPECT_EQ(totals->cycles_started, 2);
  EXPECT_EQ(totals->cycles_completed, 1);
  EXPECT_EQ(totals->opportunities, 6);
  EXPECT_EQ(totals->improvements_deployed, 2);
  EXPECT_EQ(totals->improvements_rolled_back, 1);
  EXPECT_EQ(totals->tokens, 300);
  EXPECT_EQ(totals->impact, 7200);
  EXPECT_EQ(totals->cycle_seconds_last, 2.5);
}

TEST_F(SqliteStateStoreTest, EndedWorkIsNotLoadedButFound) {
  Improvement improvement;
  improvement.id = ImprovementId("imp-1");
  improvement.opportunity.tenant = TenantId("acme");
  improvement.status = ImprovementStatus::kCompleted;
  Transaction tx;
  tx.improvements = {improvement};
  ASSERT_TRUE(store_->Commit(tx));
  EXPECT_TRUE(store_->Load()->improvements.empty());
  EXPECT_TRUE(store_->FindImprovement(TenantFilter::All(), improvement.id));
}

TEST_F(SqliteStateStoreTest, ATenantSeesOnlyItsOwn) {
  Transaction tx;
  for (const char* tenant : {"acme", "beta", ""}) {
    Improvement improvement;
    improvement.id = ImprovementId(std::string("imp-") + tenant);
    improvement.opportunity.tenant = TenantId(tenant);
    tx.improvements.push_back(improvement);
    Insight insight;
    insight.id = InsightId(std::string("ins-") + tenant);
    insight.tenant = TenantId(tenant);
    tx.insights.push_back(insight);
    Opportunity opportunity;
    opportunity.id = OpportunityId(std::string("opp-") + tenant);
    opportunity.tenant = TenantId(tenant);
    tx.opportunities.push_back(opportunity);
    Cycle cycle;
    cycle.id = CycleId(std::string("cycle-") + tenant);
    cycle.tenant = TenantId(tenant);
    tx.cycles.push_back(cycle);
    tx.alerts.push_back(Alert{.tenant = TenantId(tenant), .title = tenant});
  }
  ASSERT_TRUE(store_->Commit(tx));
  const auto acme = TenantFilter::Only({TenantId("acme")});
  EXPECT_EQ(store_->Improvements(acme, 10)->size(), 1U);
  EXPECT_EQ(store_->Insights(acme, 10)->size(), 1U);
  EXPECT_EQ(store_->Opportunities(acme, 10)->size(), 1U);
  EXPECT_EQ(store_->Cycles(acme, 10)->size(), 1U);
  EXPECT_EQ(store_->Alerts(acme, 10)->size(), 1U);
  EXPECT_EQ(store_->FindImprovement(acme, ImprovementId("imp-beta")).error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(store_->Improvements(TenantFilter::All(), 10)->size(), 3U);
}

TEST_F(SqliteStateStoreTest, AnUntouchedAuditLogIsIntact) {
  for (int i = 0; i < 5; ++i) Audit("a" + std::to_string(i));
  const auto verdict = Verify();
  EXPECT_TRUE(verdict.intact) << verdict.problem;
  EXPECT_EQ(verdict.entries, 5);
}

TEST_F(SqliteStateStoreTest, AnEditShows) {
  for (int i = 0; i < 5; ++i) Audit("a" + std::to_string(i));
  Sql("UPDATE audit SET details = '{\"x\":1}' WHERE sequence = 3");
  EXPECT_NE(Verify().problem.find("entry 3"), std::string::npos);
}

TEST_F(SqliteStateStoreTest, ARemovalShows) {
  for (int i = 0; i < 5; ++i) Audit("a" + std::to_string(i));
  Sql("DELETE FROM audit WHERE sequence = 2");
  EXPECT_FALSE(Verify().intact);
}

TEST_F(SqliteStateStoreTest, AReorderingShows) {
  for (int i = 0; i < 5; ++i) Audit("a" + std::to_string(i));
  Sql("UPDATE audit SET sequence = 99 WHERE sequence = 2;"
      "UPDATE audit SET sequence = 2 WHERE sequence = 3;"
      "UPDATE audit SET sequence = 3 WHERE sequence = 99");
  EXPECT_FALSE(Verify().intact);
}

TEST_F(SqliteStateStoreTest, ACutOffTailShowsByTheHeadAndByAnExportedHead) {
  for (int i = 0; i < 3; ++i) Audit("a" + std::to_string(i));
  const AuditHead early = *store_->Head();
  for (int i = 3; i < 5; ++i) Audit("a" + std::to_string(i));
  const AuditHead exported = *store_->Head();
  Sql("DELETE FROM audit WHERE sequence > 3");
  EXPECT_NE(Verify().problem.find("tail was cut"), std::string::npos);
  // Somebody who also puts an old genuine head back is found by the head in a report.
  Sql("UPDATE audit_head SET sequence = 3, hash = '" + early.hash + "', hmac = '" + early.hmac +
      "'");
  EXPECT_TRUE(Verify().intact);
  EXPECT_NE(Verify({exported}).problem.find("tail was cut"), std::string::npos);
}

TEST_F(SqliteStateStoreTest, ARewrittenChainNeedsTheKey) {
  for (int i = 0; i < 3; ++i) Audit("a" + std::to_string(i));
  const auto forged = SignHead(2, "whatever", "guessed");
  Sql("DELETE FROM audit WHERE sequence = 3;"
      "UPDATE audit_head SET sequence = 2, hash = (SELECT hash FROM audit WHERE sequence = 2), "
      "hmac = '" +
      forged.hmac + "'");
  EXPECT_NE(Verify().problem.find("signature"), std::string::npos);
}

TEST_F(SqliteStateStoreTest, ALogWithoutItsHeadIsNotIntact) {
  for (int i = 0; i < 3; ++i) Audit("a" + std::to_string(i));
  const AuditHead exported = *store_->Head();
  Sql("DELETE FROM audit_head");
  EXPECT_NE(Verify({exported}).problem.find("no signed head"), std::string::npos);
}

// Whoever appends can compute the hashes, which need no key.
TEST_F(SqliteStateStoreTest, AnEntryBehindTheHeadShows) {
  for (int i = 0; i < 3; ++i) Audit("a" + std::to_string(i));
  AuditEntry forged{.sequence = 4,
                    .at = FromMillis(0),
                    .actor = "ratchet",
                    .action = "x",
                    .details = "{}",
                    .previous_hash = store_->Head()->hash};
  forged.hash = AuditHash(forged);
  Sql("INSERT INTO audit VALUES (4, 0, '', 'ratchet', '', '', 'x', '{}', '" + forged.previous_hash +
      "', '" + forged.hash + "')");
  EXPECT_NE(Verify().problem.find("not written by the daemon"), std::string::npos);
}

TEST_F(SqliteStateStoreTest, OutcomesAreFoundByTheirChangeAndByTime) {
  Transaction tx;
  tx.outcomes = {{.improvement = ImprovementId("slow"),
                  .at = FromMillis(5'000),
                  .reason = EndReason::kDegraded,
                  .component = ComponentId("c"),
                  .version_before = "t0",
                  .version_after = "t1"}};
  ASSERT_TRUE(store_->Commit(tx));
  const auto of = [&](const char* component, const char* before) {
    return store_->OutcomesOf(ComponentId(component), before, "t1")->size();
  };
  EXPECT_EQ(of("c", "t0"), 1U);
  EXPECT_EQ(of("c", "t2"), 0U);
  EXPECT_EQ(of("d", "t0"), 0U);
  EXPECT_EQ(store_->OutcomesOf(ComponentId("c"), "t0", "t1")->at(0).reason, EndReason::kDegraded);
  EXPECT_EQ(store_->OutcomesSince(FromMillis(5'000))->size(), 1U);
  EXPECT_TRUE(store_->OutcomesSince(FromMillis(5'001))->empty());
}

TEST_F(SqliteStateStoreTest, AWatchComesBackWithTheLooksOfItsStep) {
  Watch watch;
  watch.id = WatchId("w");
  watch.status = WatchStatus::kWatching;
  watch.step = 1;
  watch.looks_taken = 3;
  watch.component.root = "/srv/shop";
  watch.policy.judge.bad_looks = 7;
  Transaction tx;
  tx.watches = {watch};
  for (int number = 1; number <= 3; ++number) {
    const Look look{.window = {{}, FromMillis(number)}};
    tx.looks.push_back({watch.id, number, number == 1 ? 0 : 1, look});
  }
  ASSERT_TRUE(store_->Commit(tx));
  Reopen();
  const auto state = store_->Load();
  ASSERT_EQ(state->watches.size(), 1U);
  EXPECT_EQ(state->watches[0].looks.size(), 2U);
  EXPECT_EQ(state->watches[0].component.root, "/srv/shop");
  EXPECT_EQ(state->watches[0].policy.judge.bad_looks, 7);
  EXPECT_EQ(store_->FindWatch(TenantFilter::All(), watch.id)->looks.size(), 3U);
}

TEST_F(SqliteStateStoreTest, WhatIsOldIsForgottenUnlessItStillDecides) {
  Watch open, ended;
  open.id = WatchId("open");
  ended.id = WatchId("ended");
  ended.status = WatchStatus::kEnded;
  Transaction tx;
  tx.watches = {open, ended};
  for (const Watch& watch : {open, ended})
    tx.looks.push_back({watch.id, 1, 0, {.window = {{}, FromMillis(1)}}});
  tx.insights = {{.id = InsightId("old"), .found_at = FromMillis(1)},
                 {.id = InsightId("new"), .found_at = FromMillis(9)}};
  tx.outcomes = {{.improvement = ImprovementId("lost"), .reason = EndReason::kGatesFailed},
                 {.improvement = ImprovementId("bad"), .reason = EndReason::kDegraded}};
  ASSERT_TRUE(store_->Commit(tx));
  Transaction later;
  later.forget_before = FromMillis(5);
  ASSERT_TRUE(store_->Commit(later));
  EXPECT_EQ(store_->Insights(TenantFilter::All(), 10)->size(), 1U);
  EXPECT_EQ(store_->FindWatch(TenantFilter::All(), open.id)->looks.size(), 1U);
  EXPECT_TRUE(store_->FindWatch(TenantFilter::All(), ended.id)->looks.empty());
  const auto outcomes = store_->OutcomesSince(FromMillis(0));
  ASSERT_EQ(outcomes->size(), 1U);  // what forbids a change is never forgotten
  EXPECT_EQ(outcomes->at(0).improvement, ImprovementId("bad"));
}

// A state folder as version 1 left it: killed during a watch, after two looks.
TEST_F(SqliteStateStoreTest, AStateOfVersion1GoesOn) {
  store_.reset();
  std::filesystem::remove(folder_ + "/state.db");
  std::ifstream dump(std::string(RATCHET_TEST_DATA) + "/state_v1.sql");
  std::stringstream text;
  text << dump.rdbuf();
  ASSERT_GT(text.str().size(), 1000U);
  Sql(text.str());
  Reopen();
  const auto state = store_->Load();
  ASSERT_TRUE(state) << state.error().message;
  ASSERT_EQ(state->improvements.size(), 1U);
  const Improvement& improvement = state->improvements[0];
  EXPECT_EQ(improvement.status, ImprovementStatus::kMonitoring);
  EXPECT_EQ(improvement.watch, WatchId("watch-000010"));
  ASSERT_EQ(state->watches.size(), 1U);
  const Watch& watch = state->watches[0];
  EXPECT_EQ(watch.status, WatchStatus::kWatching);
  EXPECT_EQ(watch.looks.size(), 2U);
  EXPECT_EQ(watch.version_after, improvement.tree_after);
  EXPECT_GT(watch.baseline.operation.requests, 0U);
  ASSERT_EQ(state->targets.size(), 1U);
  EXPECT_EQ(state->targets[0].watch, watch.id);
  EXPECT_FALSE(state->targets[0].expected_version.empty());
  ASSERT_EQ(state->timers.size(), 1U);
  EXPECT_EQ(state->timers[0].subject, watch.id.value);
  const auto outcomes = store_->OutcomesSince(FromMillis(0));
  ASSERT_EQ(outcomes->size(), 6U);  // one for each improvement that ended
  EXPECT_EQ(std::ranges::count(*outcomes, EndReason::kKept, &Outcome::reason), 1);
  const auto kept = store_->FindWatch(TenantFilter::All(), WatchId("watch-000003"));
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->end, WatchEnd::kKept);
  EXPECT_EQ(kept->looks.size(), 9U);
}

TEST_F(SqliteStateStoreTest, ANewerSchemaIsRefused) {
  Sql("PRAGMA user_version = 99");
  const auto opened = SqliteStateStore::Open({.path = folder_ + "/state.db"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace ratchet
