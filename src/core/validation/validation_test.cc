#include <gtest/gtest.h>

#include "core/base/random.h"
#include "core/validation/line_diff.h"
#include "core/validation/score.h"
#include "core/validation/static_gates.h"

namespace ratchet::validation {
namespace {

TEST(LineDiffTest, OnlyNewLinesCount) {
  EXPECT_EQ(ChangedLines("a\nb\nc\n", "a\nb\nc\n"), (std::set<int>{}));
  EXPECT_EQ(ChangedLines("a\nb\nc\n", "a\nX\nb\nc\n"), (std::set<int>{2}));
  EXPECT_EQ(ChangedLines("a\nb\nc\nd\n", "a\nX\nc\nY\nd\n"), (std::set<int>{2, 4}));
  EXPECT_EQ(ChangedLines("", "a\nb\n"), (std::set<int>{1, 2}));
  EXPECT_EQ(ChangedLines("a\nb\n", ""), (std::set<int>{}));
  EXPECT_EQ(KeptLines("a\nb\nc\n", "c\na\nb\n"), (std::map<int, int>{{1, 2}, {2, 3}}));
}

// The longest common subsequence by the textbook table: slow, and known to be right.
size_t LongestCommon(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> best(a.size() + 1, std::vector<size_t>(b.size() + 1, 0));
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      best[i][j] =
          a[i - 1] == b[j - 1] ? best[i - 1][j - 1] + 1 : std::max(best[i - 1][j], best[i][j - 1]);
    }
  }
  return best.back().back();
}

TEST(LineDiffTest, KeepsAsManyLinesAsThereAreInCommon) {
  SeededRandom random(7);
  const auto letters = [&] {
    std::string text(random.Below(14), ' ');
    for (char& c : text) c = static_cast<char>('a' + random.Below(4));
    return text;
  };
  for (int round = 0; round < 2000; ++round) {
    const std::string a = letters(), b = letters();
    std::string before, after;
    for (const char c : a) before.append({c, '\n'});
    for (const char c : b) after.append({c, '\n'});
    const auto kept = KeptLines(before, after);
    EXPECT_EQ(kept.size(), LongestCommon(a, b)) << a << " " << b;
    int last = 0;
    for (const auto& [i, j] : kept) {
      EXPECT_EQ(a[static_cast<size_t>(i - 1)], b[static_cast<size_t>(j - 1)]) << a << " " << b;
      EXPECT_GT(j, last);
      last = j;
    }
  }
}

class ScopeTest : public ::testing::Test {
 protected:
  std::string Rules(const std::string& path, const std::string& after = "y\n") {
    ComponentConfig component;
    component.allowed = {"**"};
    component.protected_files = {"app/billing.py"};
    const std::vector<std::string> of_language = {"**/conftest.py", "**/setup.py"};
    std::string rules;
    for (const auto& f : CheckScope(component, {.files = {{path, "x\n", after}}}, of_language, {}))
      rules += f.rule + " ";
    return rules;
  }
};

TEST_F(ScopeTest, OnlyOrdinaryFilesOfTheComponent) {
  EXPECT_EQ(Rules("app/rank.py"), "");
  EXPECT_EQ(Rules("app/billing.py"), "protected ");
  for (const char* path :
       {"tests/test_rank.py", "app/test_rank.py", "conftest.py", "app/telemetry.py", "health.py",
        "setup.py", ".github/workflows/x.yml", "ratchet.toml", "app/rank_test.py"}) {
    EXPECT_EQ(Rules(path), "protected ") << path;
  }
  EXPECT_EQ(Rules("../x.py"), "path ");
  EXPECT_EQ(Rules("app/rank.py", "x\n"), "unchanged ");
  EXPECT_EQ(Rules("app/rank.py", std::string(600'000, 'a')), "size ");
}

TEST(NewFindingsTest, OldOnesAreForgivenInTheSameStatementAndCounted) {
  const Finding old{"a.py", 3, "shell", "os.system", "os . system ( 'ls' )"};
  Finding moved = old, worse = old;
  moved.line = 9;
  worse.statement = "os . system ( command )";
  EXPECT_TRUE(NewFindings({old}, {moved}).empty());
  EXPECT_EQ(NewFindings({old}, {old, old}).size(), 1U);
  EXPECT_EQ(NewFindings({old}, {worse}).size(), 1U);
}

TEST(ScoreTest, TheAnchorHolds) {
  const ScoreInput recipe{.author = Author::kRecipe,
                          .changed_line_coverage = 0.88,
                          .complexity_max = 8,
                          .changed_lines = 66};
  EXPECT_GE(QualityScore(recipe), 0.95);
  EXPECT_LE(RiskScore(recipe), 0.03);
  EXPECT_GT(RiskScore({.author = Author::kModel}), RiskScore(recipe));
}

}  // namespace
}  // namespace ratchet::validation
