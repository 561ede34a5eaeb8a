#include "core/deployment/tree_hash.h"

#include <gtest/gtest.h>

#include "core/base/hash.h"

namespace ratchet::deployment {
namespace {

TEST(TreeHashTest, OrderDoesNotMatterContentAndPathDo) {
  const std::string one = TreeHash({{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(one, TreeHash({{"b", "2"}, {"a", "1"}}));
  EXPECT_NE(one, TreeHash({{"a", "2"}, {"b", "1"}}));
  EXPECT_NE(one, TreeHash({{"a", "1"}}));
}

TEST(TreeHashTest, ApplyRefusesAFileThatSomebodyElseChanged) {
  const Change change{.files = {{"a.py", "old", "new"}}};
  const auto applied = Apply({{"a.py", Sha256Hex("old")}}, change);
  ASSERT_TRUE(applied);
  EXPECT_EQ(applied->at(0).sha256, Sha256Hex("new"));
  EXPECT_EQ(Apply({{"a.py", Sha256Hex("hotfix")}}, change).error().code, ErrorCode::kConflict);
  EXPECT_EQ(Apply({}, change).error().code, ErrorCode::kConflict);
}

TEST(TreeHashTest, ReverseOfApplyIsTheStart) {
  const Change change{.files = {{"a.py", "old", "new"}}};
  const std::vector<FileDigest> start = {{"a.py", Sha256Hex("old")}, {"b.py", Sha256Hex("b")}};
  const auto there = Apply(start, change);
  const auto back = Apply(*there, Reverse(change));
  EXPECT_EQ(TreeHash(*back), TreeHash(start));
}

}  // namespace
}  // namespace ratchet::deployment
