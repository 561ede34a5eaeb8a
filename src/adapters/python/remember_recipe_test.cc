#include "adapters/python/remember_recipe.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "adapters/python/facts.h"

namespace ratchet::python {
namespace {

Result<Change> Apply(const std::string& code, const std::string& name) {
  const ComponentTree tree{.files = {{"m.py", code}}};
  return RememberResults(tree, {"m.py", {.name = name}});
}

// Runs Python code after the changed module and gives what it prints.
std::string RunPython(const std::string& module, const std::string& code) {
  std::string pattern = (std::filesystem::temp_directory_path() / "ratchet-XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(pattern.data());
  std::ofstream(folder / "m.py") << module;
  std::ofstream(folder / "run.py")
      << "import sys\nsys.path.insert(0, sys.argv[1])\nfrom m import *\nimport m\n"
      << code;
  const std::string command =
      "/usr/bin/python3 -B " + (folder / "run.py").string() + " " + folder.string() + " 2>&1";
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 256> buffer{};
  while (fgets(buffer.data(), buffer.size(), pipe) != nullptr) output += buffer.data();
  pclose(pipe);
  std::filesystem::remove_all(folder);
  return output;
}

const char* const kModule =
    "\"\"\"A module.\"\"\"\nfrom __future__ import annotations\nimport re\n\n\n"
    "# What it is for.\ndef total(values):\n    \"\"\"Sum.\"\"\"\n    result = []\n    for v in "
    "values:\n        result.append(v)\n    return result\n";

TEST(RememberRecipeTest, TheChangedModuleBehavesTheSameAndRemembers) {
  const auto change = Apply(kModule, "total");
  ASSERT_TRUE(change) << change.error().message;
  const std::string& after = change->files[0].after;
  EXPECT_TRUE(SyntaxErrors("m.py", SyntaxTree(after)).empty()) << after;
  EXPECT_TRUE(SecurityFindings("m.py", SyntaxTree(after)).empty());
  for (const auto& function : Functions(SyntaxTree(after)))
    EXPECT_LT(function.complexity, 10) << function.name;
  EXPECT_EQ(
      RunPython(after,
                "inner = m.total.__wrapped__\n"
                "print(total((1, 2)), total.__name__, total.__doc__)\n"
                "first = total((1, 2)); first.append(9); print(total((1, 2)))\n"  // callers own
                                                                                  // their copies
                "print(total((1,)), total((1.0,)), total((True,)), total((-0.0,)), total((0.0,)))\n"
                "inner = [1]; first = total([inner]); print(first[0] is inner, total([inner])[0] "
                "is inner)\n"
                "print(total(iter([1, 2])), total(v for v in 'ab'))\n"  // passed through
                "try:\n    total(5)\nexcept TypeError as e:\n    print(e)\n"
                "x = []; x.append(x); print(len(total(x)))\n"),
      "[1, 2] total Sum.\n[1, 2]\n[1] [1.0] [True] [-0.0] [0.0]\nTrue True\n[1, 2] ['a', 'b']\n"
      "'int' object is not iterable\n1\n");
}

TEST(RememberRecipeTest, ItReallySavesTheWorkAndForgetsByAgeAndNumber) {
  const auto change = Apply(kModule, "total");
  ASSERT_TRUE(change);
  EXPECT_EQ(RunPython(change->files[0].after,
                      "calls = []\n"
                      "def work(x):\n    calls.append(x)\n    return x\n"
                      "g = m._remember_results(work, entries=2, seconds=0.2)\n"
                      "g('a'); g('a'); print(len(calls))\n"
                      "g('b'); g('c'); g('a'); print(len(calls))\n"
                      "import time; time.sleep(0.25); g('a'); print(len(calls))\n"
                      "big = m._remember_results(work, size=10)\nbig('x' * 100); big('x' * 100); "
                      "print(len(calls))\n"),
            "1\n4\n5\n7\n");
}

TEST(RememberRecipeTest, ASecondFunctionUsesTheSameHelper) {
  const std::string two =
      std::string(kModule) + "\n\ndef other(values):\n    return [v for v in values]\n";
  const auto first = Apply(two, "total");
  const auto second = Apply(first->files[0].after, "other");
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(RunPython(second->files[0].after, "print(total('a'), other('b'))\n"), "['a'] ['b']\n");
  EXPECT_FALSE(Apply(second->files[0].after, "other"));
}

// Its names would not be there yet when the decorator is applied.
TEST(RememberRecipeTest, AHelperThatStandsBelowIsNotUsed) {
  const std::string two =
      "def other(values):\n    return [v for v in values]\n\n\n"
      "def total(values):\n    return [v for v in values]\n";
  const auto first = Apply(two, "total");
  ASSERT_TRUE(first);
  EXPECT_NE(Apply(first->files[0].after, "other").error().message.find("below"), std::string::npos);
}

TEST(RememberRecipeTest, AHelperOfAnotherTextIsNotUsed) {
  EXPECT_FALSE(
      Apply("def _remember_results(f):\n    return None\n\n\n"
            "def total(values):\n    return [v for v in values]\n",
            "total"));
}

TEST(RememberRecipeTest, NamesThatTheHelperNeedsAreNotTakenOver) {
  const std::string total = "\n\ndef total(values):\n    return [v for v in values]\n";
  EXPECT_FALSE(Apply("from time import time as _time\n" + total, "total"));
  EXPECT_FALSE(Apply("def all(connection):\n    return connection.all()\n" + total, "total"));
  EXPECT_FALSE(Apply("def reset():\n    global len\n    len = None\n" + total, "total"));
  EXPECT_TRUE(Apply("import time as _time\n" + total, "total"));
}

TEST(RememberRecipeTest, AModuleOfTheComponentIsNotTakenForTheStandardLibrarys) {
  const std::string code =
      "import statistics\n\n\ndef f(values):\n    return [statistics.mean(v) for v in values]\n";
  const auto apply = [&](std::vector<SourceFile> others) {
    others.push_back({"app/m.py", code});
    return RememberResults(ComponentTree{.files = others}, {"app/m.py", {.name = "f"}});
  };
  EXPECT_TRUE(apply({}));
  EXPECT_FALSE(apply({{"statistics.py", ""}}));
  EXPECT_FALSE(apply({{"app/statistics.py", ""}}));
  EXPECT_FALSE(apply({{"statistics/__init__.py", ""}}));
  EXPECT_FALSE(apply({{"time.py", ""}}));  // the inserted code needs it
  EXPECT_TRUE(apply({{"app/html.py", ""}}));
  EXPECT_TRUE(apply({{"app/__init__.py", ""}, {"app/statistics.py", ""}}));
  EXPECT_FALSE(apply({{"app/__init__.py", ""},
                      {"app/statistics.py", ""},
                      {"app/run.py", "if __name__ == '__main__':\n    pass\n"}}));
}

TEST(RememberRecipeTest, WhoeverMayRebindAConstantIsSeen) {
  const std::string code = "LIMIT = 3\n\n\ndef f(x):\n    return [y for y in x if y < LIMIT]\n";
  const auto with = [&](const std::string& other) {
    const ComponentTree tree{.files = {{"m.py", code}, {"other.py", "import m\n" + other}}};
    return RememberResults(tree, {"m.py", {.name = "f"}}).has_value();
  };
  EXPECT_TRUE(with("print(m.LIMIT)\nx = vars(m)['LIMIT']\n"));
  EXPECT_TRUE(with("class A:\n    def a(self, k):\n        self.__dict__[k] = 1\n"));
  EXPECT_FALSE(with("m.LIMIT = 4\n"));
  EXPECT_FALSE(with("m.LIMIT, m.OTHER = 5, 6\n"));
  EXPECT_FALSE(with("for m.LIMIT in range(3):\n    pass\n"));
  EXPECT_FALSE(with("with open('x') as m.LIMIT:\n    pass\n"));
  EXPECT_FALSE(with("vars(m)['LIMIT'] = 4\n"));
  EXPECT_FALSE(with("m.__dict__.update(LIMIT=4)\n"));
  EXPECT_FALSE(with("setattr(m, name, 4)\n"));
  EXPECT_FALSE(with("m.__setattr__('LIMIT', 4)\n"));
  EXPECT_FALSE(with("d = vars(m)\nd['LIMIT'] = 4\n"));
  EXPECT_FALSE(with("m.__dict__ |= {'LIMIT': 4}\n"));
  EXPECT_FALSE(with("change(m.__dict__)\n"));
  EXPECT_TRUE(with("class A:\n    def a(self, k):\n        setattr(self, k, 1)\n"));
  EXPECT_FALSE(Apply(code + "\n\ndef configure(n):\n    globals()['LIMIT'] = n\n", "f"));
}

TEST(RememberRecipeTest, NamesThatAreTakenAreAvoided) {
  const std::string module =
      "from time import time\ncopy = 1\n\ndef total(values):\n    return [v for v in values]\n";
  const auto change = Apply(module, "total");
  ASSERT_TRUE(change) << change.error().message;
  EXPECT_NE(change->files[0].after.find("import time as _time"), std::string::npos);
  EXPECT_EQ(change->files[0].after.find("import copy\n"), std::string::npos);
  EXPECT_EQ(RunPython(change->files[0].after, "print(total([1]), m.copy, m.time() > 0)\n"),
            "[1] 1 True\n");
}

TEST(RememberRecipeTest, AnImportInABranchIsNotReliedOn) {
  const auto change = Apply(
      "def f(x):\n    return [y for y in x]\n\n\nif False:\n    import marshal\n    import copy\n",
      "f");
  ASSERT_TRUE(change);
  EXPECT_EQ(RunPython(change->files[0].after, "print(f('ab'))\n"), "['a', 'b']\n");
}

TEST(RememberRecipeTest, CommentsStayWhereTheyBelong) {
  const auto change = Apply(
      "#!/usr/bin/env python3\n# Licence.\n\n# Doubles.\ndef f(x):\n    return [y * 2 for y in "
      "x]\n",
      "f");
  ASSERT_TRUE(change);
  const std::string& after = change->files[0].after;
  EXPECT_TRUE(after.starts_with("#!/usr/bin/env python3\n# Licence.\n"));
  EXPECT_NE(after.find("# Doubles.\n@_remember_results\ndef f(x):"), std::string::npos) << after;
  EXPECT_EQ(RunPython(after, "print(f('ab'))\n"), "['aa', 'bb']\n");
}

TEST(RememberRecipeTest, LargeArgumentsCostNothing) {
  const auto change = Apply(
      "def f(text, pos):\n    while text[pos] == 'x':\n        pos += 1\n    return pos\n", "f");
  ASSERT_TRUE(change);
  EXPECT_EQ(
      RunPython(change->files[0].after,
                "import time\ntext = 'y' * 10_000_000\nstart = time.perf_counter()\n"
                "for i in range(1000):\n    f(text, i)\nprint(time.perf_counter() - start < 1)\n"),
      "True\n");
}

TEST(RememberRecipeTest, LineEndingsAreKept) {
  const auto change = Apply("import re\r\n\r\ndef f(x):\r\n    return [y for y in x]\r\n", "f");
  ASSERT_TRUE(change);
  const std::string& after = change->files[0].after;
  for (size_t i = 0; i < after.size(); ++i) {
    if (after[i] == '\n') {
      ASSERT_EQ(after[i - 1], '\r');
    }
  }
}

TEST(RememberRecipeTest, MethodsNestedAndCheapFunctionsAreRefused) {
  EXPECT_NE(Apply("class A:\n    def f(self):\n        return [1 for x in y]\n", "A.f")
                .error()
                .message.find("top of its module"),
            std::string::npos);
  EXPECT_NE(Apply("def f(x):\n    return x + 1\n", "f").error().message.find("too little"),
            std::string::npos);
  EXPECT_FALSE(Apply("if True:\n    def f(x):\n        return [y for y in x]\n", "f"));
  EXPECT_FALSE(Apply("def f(x):\n    return [y for y in x]\ndef f(x):\n    return 2\n", "f"));
}

TEST(RememberRecipeTest, ANameThatAnotherFileRebindsIsRefused) {
  const ComponentTree tree{.files = {{"m.py", "N = 3\ndef f(x):\n    return [y * N for y in x]\n"},
                                     {"n.py", "import m\nm.N = 4\n"}}};
  EXPECT_NE(RememberResults(tree, {"m.py", {.name = "f"}}).error().message.find("n.py"),
            std::string::npos);
}

}  // namespace
}  // namespace ratchet::python
