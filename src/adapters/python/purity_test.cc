#include "adapters/python/purity.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace ratchet::python {
namespace {

// "" when `f` in the module is proved pure, else the reason.
std::string Refusal(const std::string& module) {
  const SyntaxTree tree(module);
  const ModuleScope scope(tree);
  const Node function = scope.Function("f");
  if (!function.ok()) return "no function";
  const auto proof = ProvePure(scope, function);
  return proof ? "" : proof.error().message;
}

class PureTest : public ::testing::TestWithParam<const char*> {};
TEST_P(PureTest, IsProved) { EXPECT_EQ(Refusal(GetParam()), ""); }
INSTANTIATE_TEST_SUITE_P(
    Purity, PureTest,
    ::testing::Values(
        "def f(x):\n    return [w.lower() for w in x.split() if w]\n",
        "import re\nWORD = re.compile(r'\\w+')\nSTOP = ('a', 'the')\n"
        "def f(text: str, n: int = 3):\n"
        "    counts = {}\n"
        "    for w in WORD.findall(text):\n"
        "        if w not in STOP:\n"
        "            counts[w] = counts.get(w, 0) + 1\n"
        "    return sorted(counts, key=lambda w: (-counts[w], w))[:n]\n",
        "import math\ndef g(x):\n    return math.sqrt(x)\ndef f(x):\n    return sum(g(y) for y in "
        "x)\n",
        "from collections import defaultdict\n"
        "def f(rows):\n"
        "    groups = defaultdict(list)\n"
        "    for a, b in rows:\n        groups[a].append(b)\n"
        "    return dict(groups)\n",
        "class Bad(ValueError):\n    \"\"\"No.\"\"\"\n"
        "def f(x):\n    if not x:\n        raise Bad('empty')\n    return x\n",
        "def f(x: str):\n    x += '!'\n    return x\n",
        "def f(x, /, y=1, *, z=2):\n    return [x, y, z] + [w for w in (1, 2)]\n",
        "def f(text, pos):\n    while text[pos] == ' ':\n        pos += 1\n    return pos\n",
        "def f(n):\n    total = 0\n    while n > 0:\n        total += n\n        n = n - 1\n    "
        "return total\n",
        "def f(x):\n    try:\n        return int(x)\n    except (ValueError, TypeError):\n        "
        "return None\n",
        "def f(x):\n    out = []\n    for y in x:\n        out.append(f'{y:>5}')\n    return "
        "''.join(out)\n",
        "WEIGHTS = {'a': 3, 'b': (1, 2)}\nSTOP = {'the'}\nSTEPS = [(1, 0.5), (2, -1)]\n"
        "def f(x):\n    if x in STOP:\n        return WEIGHTS[x] * 2\n"
        "    return [WEIGHTS.get(y, 0) + z for y, z in STEPS] + [*WEIGHTS] + sorted(STEPS)[1:]\n",
        "def f(a, b):\n    def grams(s, n=3):\n        out = set()\n"
        "        for i in range(len(s)):\n            out.add(s[i:i + n] + b)\n        return out\n"
        "    x, y = grams(a), grams(b)\n    return len(x & y) / max(1, len(x | y))\n",
        "def f(a, b):\n    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]\n"
        "    for i in range(len(a)):\n        table[i][0] = i\n    return table\n",
        "import re\ndef f(x):\n    out = []\n    for line in x.splitlines():\n"
        "        row = re.match(r'(?P<a>.)', line).groupdict()\n        row['b'] = 1\n"
        "        out.append(row)\n    return out\n",
        "def f(a, b):\n    a, b = b, a\n    return f'{a} {b}'\n",
        "def f(x):\n    total = sum(x) \\\n        + 1\n    return f'{total:>{len(x)}}'\n",
        "def f(x):\n    return '{name}-{version:>4}'.format(name=x, version=1)\n",
        "def f(x):\n    return [v.encode('ascii', 'ignore') for v in x]\n",
        "class Bad(RuntimeError):\n    pass\ndef f(x):\n    try:\n        raise Bad(x)\n"
        "    except Bad:\n        return 1\n    finally:\n        x = 1\n",
        "import urllib.parse\nimport urllib.request\ndef f(x):\n    return urllib.parse.quote(x)\n",
        "LIMITS = {1: 2}\ndef f(x):\n    LIMITS = x\n    return len(LIMITS)\n"));

struct Impure {
  const char* module;
  const char* reason;
};
class ImpureTest : public ::testing::TestWithParam<Impure> {};
TEST_P(ImpureTest, IsRefusedWithTheReason) {
  const std::string refusal = Refusal(GetParam().module);
  EXPECT_NE(refusal.find(GetParam().reason), std::string::npos)
      << GetParam().module << "→ '" << refusal << "'";
}
INSTANTIATE_TEST_SUITE_P(
    Purity, ImpureTest,
    ::testing::Values(
        Impure{"def f(x):\n    print(x)\n", "print"},
        Impure{"def f(p):\n    return open(p).read()\n", "open"},
        Impure{"import time\ndef f(x):\n    return time.time() + x\n", "time.time"},
        Impure{"from time import time\ndef f(x):\n    return time() + x\n", "imported"},
        Impure{"import random\ndef f(x):\n    return random.choice(x)\n", "random.choice"},
        Impure{"import os\ndef f(x):\n    return os.environ[x]\n", "os.environ"},
        Impure{"CACHE = {}\ndef f(x):\n    return CACHE.get(x)\n", "CACHE, which can change"},
        Impure{"T = {'a': 1}\ndef f(x):\n    return T\n", "T, which can change"},
        Impure{"import re\nT = [re.compile('a')]\ndef f(x):\n    return T[x]\n", "T, which"},
        Impure{"def sorted(x):\n    return x\nT = [1]\ndef f(x):\n    return sorted(T)\n",
               "T, which"},
        Impure{"T = [1]\ndef g(x):\n    for T[0] in x:\n        pass\ndef f(x):\n    return T[0]\n",
               "T, which"},
        Impure{"T = {'a': []}\ndef f(x):\n    return T[x]\n", "T, which can change"},
        Impure{"T = {'a': 1}\ndef f(x):\n    y = T\n    y[1] = 2\n    return y[x]\n", "T, which"},
        Impure{"T = {'a': 1}\ndef g(x):\n    T[x] = 2\ndef f(x):\n    return T[x]\n", "T, which"},
        Impure{"T = {'a': 1}\ndef g(x):\n    T[x], y = x\ndef f(x):\n    return T[x]\n",
               "T, which"},
        Impure{"T = {'a': 1}\ndef g(x):\n    del T[x]\ndef f(x):\n    return T[x]\n", "T, which"},
        Impure{"T = {'a': 1}\ndef g(x):\n    T[x] += 2\ndef f(x):\n    return T[x]\n", "T, which"},
        Impure{"T = [1]\ndef g(x):\n    T.append(x)\ndef f(x):\n    return T[x]\n", "T, which"},
        Impure{"T = [1]\ng(T)\ndef f(x):\n    return T[x]\n", "T, which"},
        Impure{"N = 1\ndef g():\n    global N\n    N = 2\ndef f(x):\n    return x + N\n",
               "N, which can change"},
        Impure{"N = 1\nN = 2\ndef f(x):\n    return x + N\n", "N, which can change"},
        Impure{"def f(x):\n    x.append(1)\n    return x\n", "others may see"},
        Impure{"def f(x):\n    y = x\n    y += [1]\n    return y\n", "may change an argument"},
        Impure{"def f(x):\n    x[0] = 1\n    return x\n", "others may see"},
        Impure{
            "def f(rows):\n    d = {}\n    for k, v in rows:\n        d[k] = v\n    for k in d:\n"
            "        d[k].append(1)\n    return d\n",
            "others may see"},
        Impure{"def f(x, key):\n    return key(x)\n", "may be anything"},
        Impure{"def f(x):\n    return x.name\n", "attribute"},
        Impure{"def f(x):\n    return x.save()\n", "method save"},
        Impure{"def f(x):\n    yield x\n", "generator"},
        Impure{"async def f(x):\n    return x\n", "asynchronous"},
        Impure{"def f(x, y=[]):\n    return x\n", "default"},
        Impure{"def f(*x):\n    return x\n", "any number"},
        Impure{"def f(n):\n    return 1 if n < 2 else n * f(n - 1)\n", "calls itself"},
        Impure{"def g(x):\n    print(x)\ndef f(x):\n    return g(x)\n", "calls g"},
        Impure{"def f(x):\n    return id(x)\n", "id"},
        Impure{"def f(a, b):\n    return a is b\n", "same object"},
        Impure{"def f(x):\n    with x:\n        return 1\n", "context"},
        Impure{"from stuff import *\ndef f(x):\n    return len(x)\n", "no function"},
        Impure{"def len(x):\n    return CACHE\ndef f(x):\n    return len(x)\n", "calls len"},
        Impure{"def f(x):\n    class A:\n        pass\n    return A\n", "defines a class"},
        Impure{
            "def f(x):\n    out = []\n    def g(y):\n        out.append(y)\n    g(1)\n    return "
            "out\n",
            "others may see"},
        Impure{"def f(x):\n    def g(y: print(x)):\n        return y\n    return g(x)\n",
               "annotation"},
        Impure{"def f(x):\n    def g():\n        print(x)\n    return g()\n", "print"},
        Impure{
            "def f(x):\n    def g():\n        return x\n    y = g()\n    y.append(1)\n    return "
            "y\n",
            "others may see"},
        Impure{"def f(x):\n    def g():\n        y = x\n        return y\n    return y\n",
               "y, which"},
        Impure{"def f(x):\n    def g():\n        return x\n    return f'{g}'\n", "lies in memory"},
        Impure{"def f(x):\n    async def g():\n        return x\n    return g()\n", "asynchronous"},
        Impure{"def Counter(x):\n    return x\ndef f(x):\n    y = Counter(x)\n    y.update(x)\n    "
               "return y\n",
               "others may see"},
        Impure{"CACHE = {}\ndef f(x):\n    return [CACHE for CACHE in x] + list(CACHE)\n", "CACHE"},
        Impure{"import decimal\ndef f(x):\n    return decimal.Decimal(x)\n", "decimal.Decimal"},
        Impure{"def f(a):\n    t = [a]\n    t.append(a)\n    t = t[0]\n    return t\n",
               "others may see"},
        Impure{"def f(x):\n    return '{:n}'.format(x)\n", "locale"},
        Impure{"def f(x):\n    return f'{x:n}'\n", "locale"},
        Impure{"def f(x, codec):\n    return x.decode(codec)\n", "codec"},
        Impure{"def f(x):\n    try:\n        return int(x)\n    except:\n        return 1\n",
               "catches everything"},
        Impure{"def f(x):\n    try:\n        return int(x)\n    except (ValueError, Exception):\n"
               "        return 1\n",
               "catches Exception"},
        Impure{"def g(x):\n    try:\n        return int(x)\n    except RuntimeError as e:\n        "
               "return str(e)\ndef f(x):\n    return g(x)\n",
               "catches RuntimeError"},
        Impure{"def f(x):\n    try:\n        y = int(x)\n    finally:\n        return 1\n",
               "finally"},
        Impure{
            "def f(x):\n    for y in x:\n        try:\n            y = int(x)\n        finally:\n"
            "            break\n",
            "finally"},
        Impure{"def d(c):\n    return c\n@d\nclass Bad(ValueError):\n    pass\n"
               "def f(x):\n    raise Bad(x)\n",
               "raises Bad"},
        Impure{"def f(x):\n    return '{:{}}'.format(x, 'n')\n", "locale"},
        Impure{"def f(x, spec):\n    return f'{x:{spec}}'\n", "locale"},
        Impure{"def f(x):\n    return format(x, '\\x6e')\n", "locale"},
        Impure{"def f(x):\n    return list(map(format, x, ('n',)))\n", "formats"},
        Impure{"def f(x):\n    return x.encode('ascii', 'mine')\n", "codec"},
        Impure{"def f(x):\n    return str(x, 'ascii', 'mine')\n", "codec"},
        Impure{"import urllib.parse\ndef f(x):\n    return urllib.parse.quote(x, errors='mine')\n",
               "codec"},
        Impure{"from compat import urllib\ndef f(x):\n    return urllib.parse.quote(x)\n",
               "urllib.parse"},
        Impure{"def f(x):\n    return repr(lambda: x)\n", "lies in memory"},
        Impure{"def f(x):\n    y = [map(int, x)]\n    return f'{y}'\n", "lies in memory"},
        Impure{"def g():\n    return 1\ndef f(x):\n    return '%s %s' % (x, g)\n",
               "lies in memory"},
        Impure{"def f(x):\n    return [len(v) for v in x]\n[len := v for v in (print,)]\n", "len"},
        Impure{"def g(a=(len := print)):\n    pass\ndef f(x):\n    return len(x)\n", "len"},
        Impure{"match print:\n    case len:\n        pass\ndef f(x):\n    return len(x)\n", "len"},
        Impure{"\xef\xbd\x8c\xef\xbd\x85\xef\xbd\x8e = print\ndef f(x):\n    return len(x)\n",
               "no function"},
        Impure{"def f(x):\n    return getattr(x, 'y')\n", "getattr"}));

TEST(ModuleScopeTest, CirclesEnd) {
  EXPECT_NE(Refusal("A = A\ndef f(x):\n    return [A for y in x]\n"), "");
  EXPECT_NE(Refusal("class A(B):\n    pass\nclass B(A):\n    pass\ndef f(x):\n    raise A('x')\n"),
            "");
}

// Every function is proved once, however many ways lead to it.
TEST(PurityTest, AProofTakesNoLongerThanTheModuleIsLong) {
  std::string module = "def f0(x):\n    return [x]\n";
  for (int i = 1; i < 40; ++i)
    module += fmt::format("def f{0}(x):\n    return f{1}(x) + f{1}(x)\n", i, i - 1);
  EXPECT_EQ(Refusal(module + "def f(x):\n    return f39(x)\n"), "");
}

}  // namespace
}  // namespace ratchet::python
