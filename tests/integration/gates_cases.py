"""Each gate stops a change that only it stops, and hostile tests end in a failed gate."""

import json
import time

from bench import Bench


def failed(outcomes):
    return [gate for gate, outcome in outcomes.items() if outcome == "failed"]


def test_a_good_change_passes_every_gate():
    with Bench() as b:
        text = b.source("meeting/summaries.py").replace("if word not in STOP_WORDS", "if word not in STOP_SET")
        text = text.replace("\n\ndef content_words", "\nSTOP_SET = frozenset(STOP_WORDS)\n\n\ndef content_words", 1)
        outcomes, report = b.validate({"meeting/summaries.py": text})
        assert set(outcomes.values()) == {"passed"}, report
        assert report["quality"] > 0.9 and report["risk"] < 0.1, report


def only(gate, files, **kwargs):
    with Bench(**kwargs) as b:
        prepared = {path: change(b.source(path) if (b.root / path).exists() else "") for path, change in files.items()}
        outcomes, report = b.validate(prepared)
        assert failed(outcomes) == [gate], (gate, outcomes, [g for g in report["gates"] if g["findings"]])


def test_gate_scope():
    only("scope", {"tests/test_search.py": lambda text: text + "\n"})


def test_gate_syntax():
    only("syntax", {"meeting/search.py": lambda text: text.replace("def terms(self, text):", "def terms(self, text:")})


def test_gate_complexity():
    branches = "".join("    if len(line) == %d:\n        line += ' '\n" % n for n in range(12))
    only("complexity", {"meeting/actions.py": lambda text: text.replace('    owner = item["owner"]', "    line = ''\n" + branches + '    owner = item["owner"]')})


def test_gate_security():
    only("security", {"meeting/actions.py": lambda text: text.replace('item["owner"].strip()', 'eval(repr(item["owner"])).strip()')})


def test_gate_imports():
    only("imports", {"meeting/actions.py": lambda text: "import meeting.nowhere\n" + text})
    only("imports", {"meeting/actions.py": lambda text: "import pygments_or_whatever\n" + text})


def test_gate_tests():
    only("tests", {"meeting/search.py": lambda text: text.replace("3 for term", "2 for term")})


def test_gate_coverage():
    idle = "\n\ndef unused(x):\n    x = x + 1\n    x = x + 2\n    x = x + 3\n    return x\n"
    only("coverage", {"meeting/actions.py": lambda text: text + idle})
    only("coverage", {"meeting/actions.py": lambda text: text + idle.replace("(x):", "(x):  # pragma: no cover")})


def test_a_change_cannot_write_its_own_coverage():
    """Code that puts a module in the place of coverage.py while its tests run gains nothing."""
    fake = "import json; print(json.dumps({'files': {'meeting/actions.py': {'executed_lines': list(range(1, 99)), 'missing_lines': []}}}))"
    idle = "\n\ndef unused(x):\n    x = x + 1\n    x = x + 2\n    x = x + 3\n    x = x + 4\n    return x\n"
    plant = "\n\nwith open('coverage.py', 'w') as file:\n    file.write(%r)\n" % fake
    only("coverage", {"meeting/actions.py": lambda text: text + idle + plant})


def test_tests_that_do_not_run_are_no_proof():
    with Bench() as b:
        for test in b.root.glob("tests/test_*.py"):
            test.write_text("import unittest\n")
        outcomes, report = b.validate({"meeting/actions.py": b.source("meeting/actions.py") + "\nLIMIT = 3\n"})
        assert failed(outcomes) == ["tests"], outcomes
        assert "runs no test" in json.dumps(report), report


def test_tests_that_hang_fork_fill_or_print_end_in_a_failed_gate():
    with Bench(tests_timeout="5s") as b:
        for code in ("while True: pass", "import os\nwhile True: os.fork()", "open('/tmp/x', 'wb').write(b'x' * (1 << 30))",
                     "print('x' * (1 << 30))", "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)"):
            (b.root / "tests/test_hostile.py").write_text("import unittest\nclass T(unittest.TestCase):\n    def test(self):\n" +
                                                          "".join("        " + line + "\n" for line in code.splitlines()))
            began = time.time()
            outcomes, report = b.validate({"meeting/actions.py": b.source("meeting/actions.py") + "\n# remark\n"})
            assert "tests" in failed(outcomes), (code, outcomes)
            assert time.time() - began < 30, code
