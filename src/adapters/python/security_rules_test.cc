#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "adapters/python/facts.h"

namespace ratchet::python {
namespace {

std::string Rules(const std::string& code) {
  std::string rules;
  for (const Finding& f : SecurityFindings("a.py", SyntaxTree(code))) rules += f.rule + " ";
  return rules;
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
  EXPECT_EQ(Rules("atexit.register(os._exit, 0)\n"), "process-control process-control ");
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

struct Snippets {
  std::string_view rule;
  std::vector<std::string> bad, benign;
};

void ExpectTable(const std::vector<Snippets>& table) {
  for (const Snippets& row : table) {
    const std::string rule(row.rule);
    for (const std::string& code : row.bad)
      EXPECT_NE(Rules(code + "\n").find(rule + " "), std::string::npos) << rule << "\n" << code;
    for (const std::string& code : row.benign) EXPECT_EQ(Rules(code + "\n"), "") << code;
  }
}

TEST(SecurityRulesTest, CodeAndProgramsAreFoundUnderAnyName) {
  ExpectTable({
      {"code-execution",
       {"e = eval\ne(x)", "map(eval, x)", "__builtins__['eval'](x)", "globals()[name]()",
        "import builtins\ngetattr(builtins, 'ev' + 'al')(x)", "import os\ngetattr(os, name)(x)",
        "import importlib\nimportlib.import_module(x).run()", "\uff45\uff56\uff41\uff4c(x)",
        "import runpy\nrunpy.run_path(x)", "import types\ntypes.FunctionType(x, {})()",
        "import ctypes\nctypes.CDLL(x)", "().__class__.__base__.__subclasses__()"},
       {"import ast\nast.literal_eval(x)", "import re\nre.compile(x)", "model.eval()",
        "from re import compile\ncompile(x)", "getattr(settings, name)",
        "class A:\n    def eval(self):\n        return self.compile()", "y = 'eval(x)'"}},
      {"shell",
       {"from os import *\nsystem(x)", "import os\ngetattr(os, 'system')(x)",
        "import os\nos.posix_spawn(x, [x], {})", "__import__('os').system(x)",
        "import sys\nsys.modules['os'].system(x)", "import os\npool.submit(os.system, x)",
        "def f():\n    import os as h\n    h.system(x)\ndef g():\n    import json as h",
        "import subprocess as sp\nsp.call(x, **{'shell': True})",
        "import subprocess\ncmd = ['sh', '-c', x]\nsubprocess.run(cmd)",
        "import subprocess\nsubprocess.Popen([x])",
        "import subprocess\nsubprocess.run(f'convert {x}')"},
       {"import subprocess\nsubprocess.run(['git', 'log', x])", "pattern.exec(x)",
        "import subprocess, sys\nsubprocess.run([sys.executable, '-m', x])",
        "def f(commands):\n    commands.append(1)"}},
      {"unsafe-deserialisation",
       {"import dill\ndill.load(x)", "from yaml import load, Loader\nload(x, Loader)",
        "import yaml\nyaml.full_load(x)", "import numpy\nnumpy.load(x, allow_pickle=True)",
        "import torch\ntorch.load(x)", "import pickle as p\nmap(p.loads, x)"},
       {"import json\nloads = json.loads\nloads(x)", "import yaml\nyaml.load(x, yaml.CSafeLoader)",
        "import pickle\npickle.dumps(x)", "import torch\ntorch.load(x, weights_only=True)"}},
  });
}

TEST(SecurityRulesTest, SqlIsFollowedThroughTheFunction) {
  ExpectTable(
      {{"sql-injection",
        {"def f(x):\n    q = f'SELECT a FROM t WHERE b = {x}'\n    db.execute(q)",
         "q = 'SELECT a FROM t'\nq += ' WHERE b = ' + x\ndb.execute(q)",
         "p = ['SELECT a FROM t']\np.append('WHERE b = ' + x)\ndb.execute(' '.join(p))",
         "db.execute(text(f'SELECT a FROM t WHERE b = {x}'))", "db.fetch(f'SELECT {x}')",
         "db.execute(sql=f'SELECT {x}')", "db.execute(f'SELECT\\n{x}')",
         "db.execute('SELECT NAME'.replace('NAME', x))", "db.execute(f'ALTER TABLE {x} ADD c int')",
         "db.execute(f'WITH q AS ({x}) TABLE q')",
         "import pandas\npandas.read_sql('SELECT a FROM %s' % x, db)"},
        {"db.execute('SELECT a ' + 'FROM t WHERE b = ?', (x,))",
         "db.execute('SELECT a FROM t WHERE b IN (%s)' % ','.join('?' * len(x)), x)",
         "m = ', '.join('?' for _ in x)\ndb.execute(f'SELECT a FROM t WHERE b IN ({m})', x)",
         "db.execute('SELECT a FROM t LIMIT %d' % n)", "db.execute(f'SELECT a LIMIT {int(n)}')",
         "for t in ('a', 'b'):\n    db.execute(f'DELETE FROM {t}')",
         "TABLE = 't'\ndb.execute(f'SELECT a FROM {TABLE}')", "pool.execute(f'please select {x}')",
         "logger.raw('update ' + x)"}}});
}

TEST(SecurityRulesTest, SecretsByTheirNameOrTheirForm) {
  ExpectTable(
      {{"hard-coded-secret",
        {"conf['password'] = 'S3cr3t!pass'", "def f(password: str = 'S3cr3t!pass'): pass",
         "password = 'S3cr3t' '!pass1'", "password = 'S3cr3t' + '!pass1'", "pwd = 'S3cr3t!pass'",
         "passphrase = 'correct-horse-battery-staple'",
         "url = 'postgres://admin:S3cr3tpw9@db/prod'", "os.getenv('DB_PASSWORD', 'Pr0d!2024')",
         "ok = password == 'S3cr3t!pass1'", "k = '-----BEGIN RSA PRIVATE KEY-----\\nMIIE'"},
        {"password = ''", "password_field = 'input#pass1'", "token_type = 'bearer-v2.1'",
         "token_url = 'https://login.example.com/oauth2'", "secret_path = '/run/s/db1'",
         "password_prompt = 'Password (8+ chars): '", "tokens = 'a b c 1 2 3'",
         "TOKEN = '%(token1)s'", "url = 'https://user:{pw}@host/'",
         "token_range = '%d,%d' % (a, b)", "k = '-----BEGIN PRIVATE KEY-----'"}}});
}

TEST(SecurityRulesTest, ProtectionsThatAreGivenUp) {
  ExpectTable({
      {"weak-hash",
       {"import hashlib as h\nh.new(name='MD5')", "import hashlib\nf = hashlib.sha1\nf(x)",
        "import hmac, hashlib\nhmac.new(k, m, digestmod=hashlib.md5)"},
       {"self.md5(x)", "from .hashing import md5\nmd5(x)"}},
      {"weak-cipher",
       {"from Crypto.Cipher import DES\nDES.new(x)",
        "from Crypto.Cipher import AES\nAES.new(x, AES.MODE_ECB)"},
       {"from Crypto.Cipher import AES\nAES.new(x, AES.MODE_GCM)"}},
      {"weak-random",
       {"import random\ntoken = random.getrandbits(128)",
        "from random import choice\ndef make_password():\n    return choice('ab')"},
       {"import random\ndelay = random.random()", "import random\nrandom.shuffle(tokens)"}},
      {"unsafe-option",
       {"import requests\ns = requests.Session()\ns.verify = False", "x.check_hostname = False",
        "import requests\nrequests.get(URL, verify=False)", "import ssl\nc.m = ssl.CERT_NONE",
        "jwt.decode(x, options={'verify_signature': False})", "app.run(debug=True)",
        "import os\nos.chmod(p, 0o777)", "from tempfile import mktemp\nmktemp()"},
       {"check(sig, verify=False)", "import os\nos.chmod(p, 0o755)",
        "import asyncio\nasyncio.run(main(), debug=True)"}},
      {"xss",
       {"jinja2.Environment(autoescape=False)", "render_template_string(x)"},
       {"Markup('<b>hi</b>')"}},
      {"xxe",
       {"import lxml.etree\nlxml.etree.XMLParser(resolve_entities=True)"},
       {"import lxml.etree\nlxml.etree.XMLParser(resolve_entities=False)"}},
  });
}

TEST(SecurityRulesTest, AddressesAndPathsThatAnybodyMayChoose) {
  ExpectTable({
      {"ssrf",
       {"import requests\nrequests.Session().get(x)", "from requests import get\nget(x)",
        "import requests\nrequests.get(url=f'http://{x}/a')",
        "import urllib.request as r\nr.urlopen(x)",
        "import httpx\nwith httpx.Client() as c:\n    c.get('https://a.b' + x)"},
       {"import requests\nrequests.get(f'https://a.b/users/{x}')", "requests_by_id.get(x)",
        "import requests\nrequests.get(f'{BASE_URL}/users/{x}')"}},
      {"path-traversal",
       {"import os\nopen(os.path.join(BASE, x))",
        "from flask import request\nopen(request.args['f'])",
        "from pathlib import Path\n(Path('/srv') / x).read_text()",
        "import tarfile\ntarfile.open(x).extractall('/srv')"},
       {"open(f'data-{1}.json')", "import os\nopen(os.path.join(folder, 'a.txt'))",
        "import os\nopen(os.path.join('/srv', os.path.basename(x)))",
        "from pathlib import Path\nPath(__file__).parent.joinpath('a.txt').read_text()",
        "t.extractall('/srv', filter='data')", "frame['a'].str.extractall(x)"}},
  });
}

TEST(SecurityRulesTest, AFindingKnowsItsStatementAndWhatItsNamesWereGiven) {
  const auto statement = [](const std::string& code) {
    const auto findings = SecurityFindings("a.py", SyntaxTree(code));
    return findings.size() == 1 ? findings[0].statement : "not one finding";
  };
  const std::string one = statement("def f(x):\n    return eval('1 + 1')\n");
  EXPECT_EQ(one, statement("import re\ndef g(y):\n  return eval(  # two\n      '1 + 1')\n"));
  EXPECT_NE(one, statement("def f(x):\n    return eval(x)\n"));
  EXPECT_NE(one, statement("def f(x):\n    return eval(\n        x)\n"));
  EXPECT_NE(statement("def f(x):\n    q = f'SELECT {y}'\n    db.execute(q)\n"),
            statement("def f(x):\n    q = f'SELECT {x}'\n    db.execute(q)\n"));
}

// Which of several bindings holds is not known, so each may.
TEST(SecurityRulesTest, NeitherOrderNorSpellingHidesACall) {
  for (const std::string code :
       {"import os\nos.system(c)\nimport json as os\n",
        "from os import system as s\ns(c)\nfrom math import sqrt as s\n",
        "r = os.system\nr(c)\nr = print\n", "from os import *\nfrom math import *\nsystem(c)\n",
        "run = __import__('os').system\nrun(c)\nrun = print\n"}) {
    EXPECT_NE(Rules(code).find("shell "), std::string::npos) << code;
  }
  EXPECT_EQ(Rules("getattr(os, 'sys\\x74em')(c)\n"), "shell ");
  EXPECT_EQ(Rules("db.execute('\\x53ELECT * FROM t WHERE id = ' + x)\n"), "sql-injection ");
  EXPECT_EQ(Rules("subprocess.run(['bash' if y else 'ls', '-c', x])\n"), "shell ");
  EXPECT_EQ(Rules("hashlib.new('md5' if y else 'sha256', x)\n"), "weak-hash ");
  EXPECT_EQ(Rules("QUERY = ''\ndef f(n):\n    QUERY = 'SELECT a FROM t WHERE n = ' + n\n"
                  "    db.execute(QUERY)\n"),
            "sql-injection ");
  EXPECT_EQ(Rules("db.execute('SELECT a FROM t /*\\x05*/ WHERE n = ' + n)\n"), "sql-injection ");
  EXPECT_EQ(Rules("db.execute('SELECT a FROM t WHERE n = {1}'.format('x', n))\n"),
            "sql-injection ");
  EXPECT_EQ(Rules("os.\xEF\xBD\x93ystem(c)\n"), "code-execution ");
}

TEST(SecurityRulesTest, AnOldFindingExcusesNoWorseOne) {
  const auto key = [](const std::string& code) {
    const auto findings = SecurityFindings("a.py", SyntaxTree(code));
    EXPECT_EQ(findings.size(), 1U) << code;
    return findings.empty() ? "" : findings[0].statement;
  };
  EXPECT_NE(key("os.system('ls\\n')\n"), key("os.system('rm -rf /srv\\n')\n"));
  EXPECT_NE(key("p = 'ls'\nq = p + ' -l'\nos.system(q)\n"),
            key("p = request.args['x']\nq = p + ' -l'\nos.system(q)\n"));
  EXPECT_NE(key("from settings import CMD\nos.system(CMD)\n"),
            key("from evil import CMD\nos.system(CMD)\n"));
  std::string often = "def f(c):\n    ";
  for (int i = 0; i < 205; ++i) often += "c = ";
  EXPECT_NE(key("def f(c):\n    os.system(c)\n"),
            key(often + "request.args['c']\n    os.system(c)\n"));
}

// What is too long to be read is said, not passed.
TEST(SecurityRulesTest, WhatIsTooLongIsSaid) {
  std::string often = "q = 'SELECT * FROM t WHERE id = ' + x\n";
  for (int i = 0; i < 205; ++i) often += "q = q\n";
  EXPECT_EQ(Rules(often + "db.execute(q)\n"), "code-execution ");
  std::string wide = "q = '" + std::string(10'000, 'a') + "'\nr = f'";
  for (int i = 0; i < 3'000; ++i) wide += "{q}";
  wide += "'\n";
  for (int i = 0; i < 1'000; ++i) wide += "b.query(r)\n";
  EXPECT_NE(Rules(wide).find("code-execution "), std::string::npos);
  EXPECT_EQ(Rules("open('a%' % x)\n"), "");
}

TEST(SecurityRulesTest, WhatDefinesItselfEnds) {
  EXPECT_EQ(Rules("a = getattr(a, a.join(a))\na = a + a\nb = a\na = b\nprint(a)\n"), "");
  std::string doubling = "q = 'SELECT ' + x\n";
  for (int i = 0; i < 60; ++i) doubling += "q = q + q\n";
  EXPECT_EQ(Rules(doubling + "db.execute(q)\n"), "sql-injection ");
}

}  // namespace
}  // namespace ratchet::python
