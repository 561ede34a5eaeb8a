#include "core/intake/refused_times.h"

#include <gtest/gtest.h>

namespace ratchet::intake {
namespace {

Instant At(std::int64_t second) { return FromMillis(second * 1000); }

TEST(RefusedTimesTest, AGapLastsFromTheFirstRefusalToTheNextThatIsKept) {
  RefusedTimes times;
  times.Kept(At(1));
  times.Refused(At(10));
  times.Refused(At(15));
  times.Kept(At(20));
  times.Kept(At(25));
  const auto gaps = times.Within({At(0), At(100)});
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].begin, At(10));
  EXPECT_EQ(gaps[0].end, At(20));
}

TEST(RefusedTimesTest, AGapThatLastsEndsWithTheWindow) {
  RefusedTimes times;
  times.Refused(At(10));
  const auto gaps = times.Within({At(30), At(40)});
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].begin, At(30));
  EXPECT_EQ(gaps[0].end, At(40));
}

TEST(RefusedTimesTest, AWindowBesideEveryGapHasNone) {
  RefusedTimes times;
  times.Refused(At(10));
  times.Kept(At(20));
  times.Refused(At(50));
  EXPECT_TRUE(times.Within({At(0), At(10)}).empty());
  EXPECT_TRUE(times.Within({At(20), At(50)}).empty());
  EXPECT_EQ(times.Within({At(15), At(60)}).size(), 2U);
}

}  // namespace
}  // namespace ratchet::intake
