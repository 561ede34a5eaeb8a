#include <gtest/gtest.h>

#include "core/base/glob.h"
#include "core/base/hash.h"
#include "core/base/path.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "core/base/time.h"

namespace ratchet {
namespace {

TEST(HashTest, KnownAnswers) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231, test case 2.
  EXPECT_EQ(HmacSha256Hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(HashTest, HexIsReversed) {
  EXPECT_EQ(HexDecode(HexEncode(std::string("\x00\xff\x10", 3))), std::string("\x00\xff\x10", 3));
  EXPECT_EQ(HexDecode("abc"), "");
}

TEST(GlobTest, StarsStopAtSlashAndDoubleStarsDoNot) {
  EXPECT_TRUE(GlobMatches("*.py", "a.py"));
  EXPECT_FALSE(GlobMatches("*.py", "b/a.py"));
  EXPECT_TRUE(GlobMatches("**/*.py", "a.py"));
  EXPECT_TRUE(GlobMatches("**/*.py", "x/y/a.py"));
  EXPECT_TRUE(GlobMatches("tests/**", "tests/a/b.py"));
  EXPECT_FALSE(GlobMatches("tests/**", "src/tests.py"));
  EXPECT_TRUE(GlobMatches("a?c", "abc"));
  EXPECT_FALSE(GlobMatches("a?c", "a/c"));
}

TEST(PathTest, NormalisesAndRefuses) {
  EXPECT_EQ(*NormaliseRelativePath("./svc//a.py"), "svc/a.py");
  EXPECT_EQ(*NormaliseRelativePath("svc/my-mod.v2/é.py"), "svc/my-mod.v2/é.py");
  for (const char* bad :
       {"", "/etc/passwd", "../a", "a/../b", "~/a", "C:/a", "C:a", "a\\b", "a/%2e%2e/b", "a/\n",
        "a/\xE2\x80\xAEgp", "a/...", "$HOME/x", "a/", "\xff"}) {
    EXPECT_FALSE(NormaliseRelativePath(bad)) << bad;
  }
}

TEST(TimeTest, DurationsNeedAUnitAndAreFormattedBack) {
  for (const char* text : {"250ms", "90s", "24h", "7d", "5m"}) {
    const auto parsed = ParseDuration(text);
    ASSERT_TRUE(parsed) << text;
  }
  EXPECT_EQ(FormatDuration(*ParseDuration("90s")), "90s");
  EXPECT_EQ(FormatDuration(*ParseDuration("1440m")), "1d");
  for (const char* bad : {"", "24", "h", "-5s", "5 parsecs", "999999999d"}) {
    EXPECT_FALSE(ParseDuration(bad)) << bad;
  }
}

TEST(TimeTest, InstantsAreIso8601) {
  EXPECT_EQ(FormatInstant(FromMillis(1'700'000'000'123)), "2023-11-14T22:13:20.123Z");
}

TEST(TextTest, Utf8IsCheckedAndRepaired) {
  EXPECT_TRUE(IsValidUtf8("grüße"));
  EXPECT_FALSE(IsValidUtf8("\xC0\xAF"));      // overlong '/'
  EXPECT_FALSE(IsValidUtf8("\xED\xA0\x80"));  // surrogate
  EXPECT_EQ(ToValidUtf8("a\xffz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(Shorten("grüße", 3), "gr…");
}

TEST(RandomTest, SameSeedSameNumbers) {
  SeededRandom a(7), b(7), c(8);
  EXPECT_EQ(a.Next(), b.Next());
  EXPECT_NE(a.Next(), c.Next());
  double sum = 0;
  for (int i = 0; i < 20'000; ++i) sum += a.Normal();
  EXPECT_NEAR(sum / 20'000, 0.0, 0.05);
}

}  // namespace
}  // namespace ratchet
