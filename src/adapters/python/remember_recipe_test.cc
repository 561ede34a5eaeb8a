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
                      "g = m._remember_results(entries=2, seconds=0.2)(work)\n"
                      "g('a'); g('a'); print(len(calls))\n"
                      "g('b'); g('c'); g('a'); print(len(calls))\n"
                      "import time; time.sleep(0.25); g('a'); print(len(calls))\n"
                      "big = m._remember_results(size=10)(work)\nbig('x' * 100); big('x' * 100); "
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
                      {"serve.py", "import sys\nsys.path.insert(0, 'app')\n"}}));
  EXPECT_FALSE(apply({{"app/__init__.py", ""},
                      {"app/statistics.py", ""},
                      {"app/run.py", "if __name__ == '__main__':\n    pass\n"}}));
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

// The module's objects are compared at run time, in whatever way another one gets there.
TEST(RememberRecipeTest, ANameThatIsReboundGivesANewResult) {
  const auto change = Apply(
      "import re\n\nLIMIT = 3\n\n\ndef small(x):\n    return x < LIMIT\n\n\n"
      "def f(x):\n    return [y for y in x if small(y)]\n",
      "f");
  ASSERT_TRUE(change) << change.error().message;
  const std::string& after = change->files[0].after;
  EXPECT_NE(after.find("@_remember_results(\"LIMIT\", \"small\")\ndef f"), std::string::npos);
  EXPECT_EQ(RunPython(after,
                      "x = (1, 2, 3, 4)\nprint(f(x))\n"
                      "m.LIMIT = 4; print(f(x))\nvars(m)['LIMIT'] = 2; print(f(x))\n"
                      "from unittest import mock\n"
                      "with mock.patch('m.small', lambda v: True): print(f(x))\n"
                      "m.LIMIT = 3; print(f(x))\n"),
            "[1, 2]\n[1, 2, 3]\n[1]\n[1, 2, 3, 4]\n[1, 2]\n");
}

TEST(RememberRecipeTest, ManyNamesStandOnLinesOfTheirOwn) {
  std::string module, sum = "len(x)";
  for (const char* name : {"A", "B", "C"}) {
    const std::string constant = name + std::string(30, 'A');
    module += constant + " = 1\n";
    sum += " + " + constant;
  }
  const auto change = Apply(module + "def f(x):\n    return [" + sum + " for y in x]\n", "f");
  ASSERT_TRUE(change) << change.error().message;
  EXPECT_NE(change->files[0].after.find("@_remember_results(\n    \"AAAA"), std::string::npos);
  EXPECT_EQ(RunPython(change->files[0].after, "print(f('ab'), f('ab'))\n"), "[5, 5] [5, 5]\n");
}

TEST(RememberRecipeTest, ATableOfOtherContentGivesANewResult) {
  const auto change = Apply(
      "WEIGHTS = {'a': 1, 'b': 2}\nSTOP = {'x'}\nSTEPS = [1, 2]\n\n\n"
      "def f(words):\n    return [WEIGHTS.get(w, 0) + s for w in words if w not in STOP for s in "
      "STEPS]\n",
      "f");
  ASSERT_TRUE(change) << change.error().message;
  EXPECT_EQ(RunPython(change->files[0].after,
                      "w = ('a', 'x')\nprint(f(w), f(w))\n"
                      "m.WEIGHTS['a'] = 5; print(f(w))\nm.STOP.clear(); print(f(w))\n"
                      "m.STEPS.append(0); print(f(w))\n"
                      "m.WEIGHTS[0] = object(); print(f(w))\n"  // cannot be compared
                      "del m.WEIGHTS[0]; m.WEIGHTS['a'] = 1; m.STOP.add('x'); m.STEPS.pop()\n"
                      "print(f(w))\n"),
            "[2, 3] [2, 3]\n[6, 7]\n[6, 7, 1, 2]\n[6, 7, 5, 1, 2, 0]\n[6, 7, 5, 1, 2, 0]\n"
            "[2, 3]\n");
}

TEST(RememberRecipeTest, ANameOrBuiltinThatTheModuleHasIsNotTakenOver) {
  const std::string total = "\n\ndef total(values):\n    return [v for v in values]\n";
  EXPECT_TRUE(Apply("from time import time\ncopy = marshal = 1\n" + total, "total"));
  EXPECT_FALSE(Apply("def map(connection):\n    return 1\n" + total, "total"));
  EXPECT_FALSE(Apply("def reset():\n    global len\n    len = None\n" + total, "total"));
  EXPECT_FALSE(Apply("print(_remember_results)\n" + total, "total"));
}

// What cannot be compared, or not be copied exactly, is never remembered.
TEST(RememberRecipeTest, NanSetsAndDeepOrLargeValuesArePassedThrough) {
  const auto change = Apply(kModule, "total");
  ASSERT_TRUE(change);
  EXPECT_EQ(
      RunPython(
          change->files[0].after,
          "calls = []\n"
          "def times(argument, result):\n"
          "    def work(x):\n        calls.append(1)\n        return result\n"
          "    calls.clear(); g = m._remember_results()(work)\n"
          "    g(argument); g(argument); return len(calls)\n"
          "nan = float('nan')\ndeep = []\n"
          "for _ in range(30): deep = [deep]\n"
          "round = []; round.append(round)\n"
          "class Own:\n    def __sizeof__(self): 1 / 0\n"
          "print(times((1, ('a',)), {'a': [1.5, None, (True, b'')]}))\n"
          "print([times(a, 1) for a in (nan, (nan,), frozenset(), [1], Own(), 'x' * 10**6)])\n"
          "print([times(1, r) for r in (nan, {1}, [frozenset()], deep, round, Own(), [0] * "
          "10**6)])\n"),
      "1\n[2, 2, 2, 2, 2, 2]\n[2, 2, 2, 2, 2, 2, 2]\n");
}

// No lock: a signal handler that calls the function while it is being called does not wait.
TEST(RememberRecipeTest, ASignalHandlerMayCallTheFunction) {
  const auto change = Apply("def f(x):\n    return [v for v in x]\n", "f");
  ASSERT_TRUE(change);
  EXPECT_EQ(RunPython(change->files[0].after,
                      "import signal, time\n"
                      "signal.signal(signal.SIGALRM, lambda *_: f(('a' * 100,) * 50))\n"
                      "signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)\n"
                      "end = time.time() + 0.3\ni = 0\n"
                      "while time.time() < end:\n    i += 1\n    f((i,) * 40)\n"
                      "signal.setitimer(signal.ITIMER_REAL, 0)\nprint('done')\n"),
            "done\n");
}

struct Placement {
  const char* module;
  const char* code;  // printed with the change and without
  const char* kept;  // is in the changed text
};
class PlacementTest : public ::testing::TestWithParam<Placement> {};
TEST_P(PlacementTest, TheRestOfTheModuleIsAsBefore) {
  const std::string module =
      std::string(GetParam().module) + "def f(x):\n    return [y * 2 for y in x]\n";
  const std::string code = std::string("print(f(('a',)), m.__doc__)\n") + GetParam().code;
  const auto change = Apply(module, "f");
  ASSERT_TRUE(change) << change.error().message;
  EXPECT_EQ(RunPython(change->files[0].after, code), RunPython(module, code));
  EXPECT_NE(change->files[0].after.find(GetParam().kept), std::string::npos)
      << change->files[0].after;
}
INSTANTIATE_TEST_SUITE_P(
    RememberRecipe, PlacementTest,
    ::testing::Values(
        Placement{"#!/usr/bin/env python3\n", "", "#!/usr/bin/env python3\n\n\ndef _remember"},
        Placement{"# -*- coding: utf-8 -*-\n# Licence.\n\n# Doubles.\n", "",
                  "# Licence.\n\n\ndef _remember"},
        Placement{"X = 1\n\n\n# Doubles.\n# Twice.\n", "",
                  "# Doubles.\n# Twice.\n@_remember_results()\ndef f"},
        Placement{"X = 1  # about X\n", "print(m.X)\n", "X = 1  # about X\n\n\ndef _remember"},
        Placement{"TEMPLATE = \"\"\"\n# title\n# end\"\"\"\n", "print(m.TEMPLATE)\n",
                  "# end\"\"\"\n\n\ndef"},
        Placement{"\"Usage: \" \"tool\"\n", "", "\"tool\"\n\n\ndef"},
        Placement{"(\"Usage: \"\n \"tool\")\n", "", "\"tool\")\n\n\ndef"},
        Placement{"import re; DOC = \"\"\"\nabc\n\"\"\"\n\n", "print(m.DOC)\n", ""},
        Placement{"import re; X = (1,\n  2)\n", "print(m.X)\n", ""},
        Placement{"\"\"\"d\"\"\"\nfrom __future__ import annotations\nif 1:\n\tX = 1\n# c\n",
                  "print(m.X)\n", "# c\n@_remember"},
        Placement{"if 1:\n    X = 1\n    # inner\n", "", "    # inner\n\n\ndef _remember"},
        Placement{"X = 1 + \\\n 2\n", "print(m.X)\n", ""}));

TEST(RememberRecipeTest, ArgumentsThatCannotOrShouldNotBeKeptAreRefused) {
  const auto with = [](const std::string& parameter) {
    const auto change = Apply("def f(" + parameter + "):\n    return [1 for y in 'ab']\n", "f");
    return change ? "" : change.error().message;
  };
  for (const char* fine : {"x", "tokens", "pinned", "x: str", "x: tuple[int, ...]"})
    EXPECT_EQ(with(fine), "") << fine;
  for (const char* secret : {"password", "user_password: str", "api_key", "auth_token=''", "pin"})
    EXPECT_NE(with(secret).find("kept in memory"), std::string::npos) << secret;
  for (const char* changing :
       {"x: list", "x: list[int]", "x: typing.Dict[str, int]", "x: Callable"})
    EXPECT_NE(with(changing).find("nothing that can be remembered"), std::string::npos) << changing;
}

TEST(RememberRecipeTest, ARememberedFunctionMayBeCalledByAnother) {
  const std::string two =
      "def a(x):\n    return [ord(v) for v in x]\n\n\n"
      "def b(x):\n    return sum([v for v in a(x)])\n";
  const auto first = Apply(two, "a");
  ASSERT_TRUE(first);
  const auto second = Apply(first->files[0].after, "b");
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(RunPython(second->files[0].after, "print(b('ab'), b('ab'))\n"), "195 195\n");
}

}  // namespace
}  // namespace ratchet::python
