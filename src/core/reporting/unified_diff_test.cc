#include "core/reporting/unified_diff.h"

#include <gtest/gtest.h>

namespace ratchet::reporting {
namespace {

std::string Numbers(int from, int to) {
  std::string text;
  for (int i = from; i <= to; ++i) text += std::to_string(i) + "\n";
  return text;
}

TEST(UnifiedDiffTest, ShowsWhatChangedWithThreeLinesAround) {
  EXPECT_EQ(UnifiedDiff({"a.py", Numbers(1, 9), Numbers(1, 4) + "five\n" + Numbers(6, 9)}),
            "--- a/a.py\n+++ b/a.py\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(UnifiedDiffTest, DistantChangesAreHunksOfTheirOwn) {
  const std::string diff =
      UnifiedDiff({"a.py", Numbers(1, 30), "0\n" + Numbers(1, 29) + "thirty\n"});
  EXPECT_NE(diff.find("@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n"), std::string::npos) << diff;
  EXPECT_NE(diff.find("@@ -27,4 +28,4 @@\n 27\n 28\n 29\n-30\n+thirty\n"), std::string::npos)
      << diff;
}

TEST(UnifiedDiffTest, NothingChangedIsNoDiff) {
  EXPECT_EQ(UnifiedDiff({"a.py", Numbers(1, 3), Numbers(1, 3)}), "");
}

}  // namespace
}  // namespace ratchet::reporting
