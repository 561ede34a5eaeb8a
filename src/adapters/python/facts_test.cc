#include "adapters/python/facts.h"

#include <gtest/gtest.h>

#include "adapters/python/locate.h"

namespace ratchet::python {
namespace {

std::string Rules(const std::string& code) {
  std::string rules;
  for (const Finding& f : SecurityFindings("a.py", SyntaxTree(code))) rules += f.rule + " ";
  return rules;
}

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

TEST(SecurityRulesTest, EachRuleFindsItsKindAndNotItsNeighbour) {
  EXPECT_EQ(Rules("eval(x)\n"), "code-execution ");
  EXPECT_EQ(Rules("ast.literal_eval(x)\n"), "");
  EXPECT_EQ(Rules("os.system(c)\n"), "shell ");
  EXPECT_EQ(Rules("subprocess.run(c, shell=True)\n"), "shell ");
  EXPECT_EQ(Rules("subprocess.run(['ls'])\n"), "");
  EXPECT_EQ(Rules("pickle.loads(b)\n"), "unsafe-deserialisation ");
  EXPECT_EQ(Rules("yaml.load(t)\n"), "unsafe-deserialisation ");
  EXPECT_EQ(Rules("yaml.load(t, Loader=yaml.SafeLoader)\n"), "");
  EXPECT_EQ(Rules("db.execute(f'SELECT * FROM t WHERE id = {x}')\n"), "sql-injection ");
  EXPECT_EQ(Rules("db.execute('SELECT * FROM t WHERE id = ' + x)\n"), "sql-injection ");
  EXPECT_EQ(Rules("db.execute('SELECT * FROM t WHERE id = ?', (x,))\n"), "");
  EXPECT_EQ(Rules("hashlib.md5(b)\n"), "weak-hash ");
  EXPECT_EQ(Rules("hashlib.md5(b, usedforsecurity=False)\n"), "");
  EXPECT_EQ(Rules("open('/data/' + name)\n"), "path-traversal ");
  EXPECT_EQ(Rules("open(path)\n"), "");
  EXPECT_EQ(Rules("atexit.register(os._exit, 0)\n"), "process-control ");
  EXPECT_EQ(Rules("API_KEY = 'sk-12345678abcdef'\n"), "hard-coded-secret ");
  EXPECT_EQ(Rules("password_field = 'password_confirm'\n"), "");
  EXPECT_EQ(Rules("urllib.request.urlopen(url)\n"), "ssrf ");
}

TEST(SecurityRulesTest, OtherNamesDoNotHideACall) {
  EXPECT_EQ(Rules("from os import system as s\ns(c)\n"), "shell ");
  EXPECT_EQ(Rules("import os as o\ndef f():\n    o.execv(p, a)\n"), "shell ");
  EXPECT_EQ(Rules("def f():\n    from pickle import loads\n    return loads(b)\n"),
            "unsafe-deserialisation ");
  EXPECT_EQ(Rules("from hashlib import md5 as h\nh(b)\n"), "weak-hash ");
  EXPECT_EQ(Rules("e = eval\n"), "code-execution ");
  EXPECT_EQ(Rules("list(map(eval, xs))\n"), "code-execution ");
  EXPECT_EQ(Rules("getattr(os, name)(c)\n"), "code-execution ");
  EXPECT_EQ(Rules("getattr(settings, name)\n"), "");
  EXPECT_EQ(Rules("re.compile(p)\nmodel.eval()\n"), "");
}

TEST(SecurityRulesTest, FormsOfTheSameMistake) {
  EXPECT_EQ(Rules("subprocess.run(c, shell=1)\n"), "shell ");
  EXPECT_EQ(Rules("subprocess.run(['sh', '-c', x])\n"), "shell ");
  EXPECT_EQ(Rules("subprocess.run('ls ' + x)\n"), "shell ");
  EXPECT_EQ(Rules("subprocess.run(['ls', x], shell=False)\n"), "");
  EXPECT_EQ(Rules("yaml.load(t, yaml.SafeLoader)\n"), "");
  EXPECT_EQ(Rules("hashlib.new('MD5')\n"), "weak-hash ");
  EXPECT_EQ(Rules("hmac.new(k, m, hashlib.sha1)\n"), "weak-hash ");
  EXPECT_EQ(Rules("hmac.new(k, m, hashlib.sha256)\n"), "");
  EXPECT_EQ(Rules("requests.put(f'http://{x}/a')\n"), "ssrf ");
  EXPECT_EQ(Rules("requests.get(BASE_URL)\n"), "");
  EXPECT_EQ(Rules("c = {'password': 'hunter2-99'}\n"), "hard-coded-secret ");
  EXPECT_EQ(Rules("connect(password='hunter2-99')\n"), "hard-coded-secret ");
  EXPECT_EQ(Rules("TOKEN_URL = 'https://id.example/v2'\ntoken_header = 'X-Auth-2'\n"), "");
  EXPECT_EQ(Rules("KEY = 'AKIAABCDEFGHIJKLMNOP'\n"), "hard-coded-secret ");
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
