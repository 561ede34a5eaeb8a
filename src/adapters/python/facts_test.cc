#include "adapters/python/facts.h"

#include <gtest/gtest.h>

#include "adapters/python/locate.h"

namespace ratchet::python {
namespace {

TEST(FactsTest, SyntaxErrorsNameTheLine) {
  EXPECT_TRUE(SyntaxErrors("a.py", SyntaxTree("def f(x):\n    return x\n")).empty());
  const auto errors = SyntaxErrors("a.py", SyntaxTree("x = 1\ndef f(:\n    return\n"));
  ASSERT_FALSE(errors.empty());
  EXPECT_EQ(errors.front().line, 2);
  EXPECT_FALSE(SyntaxErrors("a.py", SyntaxTree("print 'x'\n")).empty());
  EXPECT_FALSE(SyntaxErrors("a.py", SyntaxTree("X = \xe2\x80\x9chi\xe2\x80\x9d\n")).empty());
  EXPECT_FALSE(SyntaxErrors("a.py", SyntaxTree("def f():\n    x = [1,\n")).empty());
}

TEST(FactsTest, AbsurdNestingIsAnErrorAndNoCrash) {
  const std::string deep =
      "x = " + std::string(200'000, '(') + "1" + std::string(200'000, ')') + "\n";
  EXPECT_FALSE(SyntaxErrors("a.py", SyntaxTree(deep)).empty());
  EXPECT_TRUE(Functions(SyntaxTree(deep)).empty());
}

TEST(FactsTest, ComplexityIsRadons) {
  const auto functions =
      Functions(SyntaxTree("class A:\n"
                           "    @property\n"
                           "    def b(self):\n"
                           "        if self.x and self.y or self.z:\n"  // 1 + 2
                           "            for i in range(3):\n"           // 1
                           "                pass\n"
                           "        elif self.q:\n"                       // 1
                           "            return [j for j in self if j]\n"  // 2
                           "        return 1 if self else 2\n"            // 1
                           "def c(): pass\n"));
  ASSERT_EQ(functions.size(), 2U);
  EXPECT_EQ(functions[0].name, "A.b");
  EXPECT_EQ(functions[0].complexity, 9);
  EXPECT_EQ(functions[0].first_line, 2);
  EXPECT_EQ(functions[1].complexity, 1);
}

TEST(FactsTest, ImportsKnowWhatIsOptional) {
  const auto imports =
      Imports(SyntaxTree("import os, a.b as c\nfrom .x import y as z, w\ntry:\n    import "
                         "fast\nexcept ImportError:\n    fast = None\n"));
  ASSERT_EQ(imports.size(), 4U);
  EXPECT_EQ(imports[1].module, "a.b");
  EXPECT_EQ(imports[2].module, ".x");
  EXPECT_EQ(imports[2].names, (std::vector<std::string>{"y", "w"}));
  EXPECT_TRUE(imports[3].optional);
  EXPECT_FALSE(imports[0].optional);
}

TEST(LocateTest, ByLineByNameAndByStackTrace) {
  const ComponentTree tree{
      .files = {{"app/rank.py",
                 "def a():\n    return 1\n\n\nclass B:\n    def a(self):\n        return 2\n"},
                {"app/other.py", "def lonely():\n    pass\n"}}};
  EXPECT_EQ(Locate(tree, {"/srv/v1/app/rank.py", "a", 6})->function.name, "B.a");
  EXPECT_EQ(Locate(tree, {"/srv/v1/app/rank.py", "", 2})->function.name, "a");
  EXPECT_EQ(Locate(tree, {"", "lonely", 0})->path, "app/other.py");
  EXPECT_FALSE(Locate(tree, {"", "a", 0}));  // two functions of that name: never guess
  EXPECT_FALSE(Locate(tree, {"/elsewhere/unknown.py", "a", 1}));
  const std::string text = "def rank():\n    return 1\n";
  const ComponentTree twins{
      .files = {{"v1/api/views.py", text}, {"v2/api/views.py", text}, {"z/views.py", text}}};
  EXPECT_FALSE(Locate(twins, {"/srv/api/views.py", "rank", 1}));  // v1 and v2 fit alike
  EXPECT_FALSE(Locate(tree, {"/srv/app/other.py", "very_lonely", 1}));
  const auto frame =
      InnermostFrame(tree,
                     "Traceback (most recent call last):\n"
                     "  File \"/srv/app/rank.py\", line 7, in a\n    return 2\n"
                     "  File \"/usr/lib/python3.11/json.py\", line 3, in loads\nKeyError: 'x'\n");
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->line, 7);
}

}  // namespace
}  // namespace ratchet::python
