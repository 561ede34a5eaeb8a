#!/usr/bin/env python3
"""Integration tests of the whole program: real processes, real sandbox, real files, loopback only.

    run.py --build build/release [NAME...]
"""

import argparse
import gzip
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/meeting_service"
BUILD = None


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Bench:
    """A folder with a configuration, a copy of the example, and a daemon on free ports."""

    def __init__(self, extra="", component=True, tests_timeout="20s"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ratchet-it-"))
        self.root = self.folder / "service"
        shutil.copytree(EXAMPLE, self.root, ignore=shutil.ignore_patterns("__pycache__"))
        self.api, self.otlp = free_port(), free_port()
        self.config = self.folder / "ratchet.toml"
        text = 'state_dir = "state"\n%s\n[http]\nport = %d\n[otlp]\nport = %d\n[cycle]\nscheduled = false\n' % (extra, self.api, self.otlp)
        if component:
            text += ('[[component]]\nname = "svc"\nroot = "service"\nsources = ["meeting/**/*.py"]\n[component.tests]\n'
                     'command = ["python3", "-m", "unittest", "discover", "-s", "tests"]\ntimeout = "%s"\n' % tests_timeout)
        self.config.write_text(text)
        self.daemon = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.daemon:
            self.daemon.kill()
            self.daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *arguments, timeout=120, **environment):
        return subprocess.run([BUILD / "ratchet", "-c", self.config, *arguments], capture_output=True, text=True, timeout=timeout,
                              env={**os.environ, **environment})

    def start(self):
        self.daemon = subprocess.Popen([BUILD / "ratchet", "-c", self.config, "run"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(200):
            try:
                if self.http("GET", "/health")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the daemon does not start")

    def wait(self, found, seconds=20):
        """The first true answer of `found`."""
        end = time.time() + seconds
        while time.time() < end:
            if answer := found():
                return answer
            time.sleep(0.1)
        raise AssertionError("nothing in %d s" % seconds)

    def http(self, method, path, body=None, key=None, port=None, headers=None):
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (port or self.api, path), body, headers or {}, method=method)
        if key:
            request.add_header("Authorization", "Bearer " + key)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def key(self, name="test", role="operator", *tenants):
        done = self.run("key", "add", name, "--role", role, *(["--tenants", *tenants] if tenants else []))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def validate(self, files):
        """Runs the gates on the change; gives gate → outcome and the whole report."""
        change = self.folder / "change"
        shutil.rmtree(change, ignore_errors=True)
        for path, text in files.items():
            (change / path).parent.mkdir(parents=True, exist_ok=True)
            (change / path).write_text(text)
        done = self.run("validate", "--component", "svc", "--change", str(change), "--json")
        assert done.stdout, done.stderr
        report = json.loads(done.stdout)
        return {g["gate"]: g["outcome"] for g in report["gates"]}, report

    def source(self, path):
        return (self.root / path).read_text()


def failed(outcomes):
    return [gate for gate, outcome in outcomes.items() if outcome == "failed"]


# --- What needs the kernel: the sandbox, a full disk ----------------------------------------------

def run_as_this_user_and_another(name):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        program = shutil.copy(BUILD / "tests" / name, folder)
        runs = [[program]]
        if os.getuid() == 0:
            runs.append(["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", program])
        for command in runs:
            done = subprocess.run([*command, "--gtest_brief=1"], capture_output=True, text=True, timeout=300, cwd="/")
            assert done.returncode == 0, " ".join(command) + "\n" + done.stdout[-3000:] + done.stderr[-1000:]


def test_sandbox_denies_as_this_user_and_as_another():
    run_as_this_user_and_another("ratchet-sandbox-tests")


def test_a_full_disk_loses_nothing_while_deploying_rolling_back_and_writing_state():
    run_as_this_user_and_another("ratchet-full-disk-tests")


# --- Each gate stops a change that only it stops --------------------------------------------------

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


def test_idle_connections_do_not_lock_the_kill_switch_out():
    with Bench(component=False) as b:
        b.start()
        idle = [socket.create_connection(("127.0.0.1", b.api)) for _ in range(200)]
        try:
            assert b.run("stop").returncode == 0
        finally:
            for connection in idle:
                connection.close()


def test_requests_that_name_another_host_are_not_answered():
    with Bench(component=False) as b:
        b.start()
        for host, status in (("rebound.example", 421), ("localhost:1", 200), ("127.0.0.1", 200), ("[::1]:80", 200)):
            with socket.create_connection(("127.0.0.1", b.api)) as s:
                s.sendall(("GET /health HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % host).encode())
                assert (" %d " % status).encode() in s.recv(200), host


def test_a_misspelt_key_in_a_request_is_refused():
    with Bench(component=False) as b:
        b.start()
        key = b.key("op", "operator")
        for body in ('{"tenant": "a"}', '{"max_improvements": 1.5}', '{"max_improvements": true}', '{"tenant_id": 5}',
                     '{"analysis_window_hours": 1e-7}', '{"max_improvements": 4294967297}'):
            status, answer = b.http("POST", "/api/v1/cycles", body.encode(), key)
            assert status == 400 and "allowed" in str(answer), (body, status, answer)


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


# --- Bad input --------------------------------------------------------------------------------------

def test_wrong_configurations_name_file_line_key_value_and_what_is_allowed():
    for text, words in (('[monitoring]\ninterval = "soon"\n', ["ratchet.toml:", "monitoring.interval", "soon", "allowed:"]),
                        ('[monitring]\n', ["monitring", "no such key"]),
                        ("x = [", ["no TOML"])):
        with Bench(component=False) as b:
            b.config.write_text(text)
            done = b.run("config", "check")
            assert done.returncode == 3 and all(w in done.stderr for w in words), done.stderr


def test_a_root_that_is_missing_or_a_link_is_refused():
    with Bench() as b:
        os.rename(b.root, b.folder / "elsewhere")
        assert "does not exist" in b.run("config", "check").stderr
        os.symlink(b.folder / "elsewhere", b.root)
        assert "symbolic link" in b.run("config", "check").stderr
        assert b.run("run").returncode == 3


def test_hostile_otlp_bodies():
    with Bench() as b:
        b.start()
        send = lambda body, **headers: b.http("POST", "/v1/traces", body, port=b.otlp, headers={"Content-Type": "application/json", **headers})[0]
        assert send(b"{}") == 200
        assert send(b"{") == 400
        assert send(b"\xff\xfe") == 400
        assert send(b"[" * 200_000) == 400
        assert send(gzip.compress(b" " * (100 << 20)), **{"Content-Encoding": "gzip"}) == 413
        assert send(gzip.compress(b"{}")[:-4], **{"Content-Encoding": "gzip"}) == 400
        assert send(b" " * (17 << 20)) == 413
        assert send(b"{}", **{"Content-Type": "application/x-protobuf"}) == 415
        assert b.http("GET", "/health")[0] == 200


def test_every_route_but_health_needs_a_key_and_roles_hold():
    with Bench() as b:
        b.start()
        viewer, operator = b.key("v", "viewer"), b.key("o", "operator")
        tenant = b.key("t", "operator", "acme")
        for path in ("/metrics", "/api/v1/status", "/api/v1/insights", "/api/v1/report", "/nothing"):
            assert b.http("GET", path)[0] == 401, path
            assert b.http("GET", path, key="guess")[0] == 401, path
        assert b.http("GET", "/metrics", key=viewer)[1].find("ratchet_improvements_deployed 0") >= 0
        assert b.http("POST", "/api/v1/cycles", b"{}", key=viewer)[0] == 403
        assert b.http("POST", "/api/v1/cycles", b"{}", key=tenant)[0] == 403
        assert b.http("POST", "/api/v1/cycles", b'{"tenant_id": "acme"}', key=tenant)[0] == 202
        assert b.http("POST", "/api/v1/cycles", b'{"priority": "wild"}', key=operator)[0] == 400
        assert b.http("POST", "/api/v1/stop", b"", key=tenant)[0] == 403
        assert b.http("GET", "/metrics", key=tenant)[0] == 403
        assert json.loads(b.http("GET", "/api/v1/status", key=tenant)[1])["components"] == []
        assert b.http("POST", "/api/v1/stop", b"", key=operator)[0] == 200
        assert b.http("POST", "/api/v1/cycles", b"{}", key=operator)[0] == 409
        assert b.http("GET", "/api/v1/status", key=operator, headers={"Origin": "http://evil.example"})[0] == 403


def test_a_client_that_we_did_not_write_is_understood():
    with Bench('[telemetry]\nresolution = "1s"\ndelay = "0s"\n[analysis]\ncurrent = "5m"\n') as b:
        b.start()
        client = ROOT / ".deps/otlp_client/send.mjs"
        sent = subprocess.run(["node", str(client), "http://127.0.0.1:%d" % b.otlp], capture_output=True, text=True, timeout=60)
        assert sent.returncode == 0, sent.stderr
        time.sleep(1.1)
        assert b.run("cycle", "--max", "0").returncode == 0
        insights = b.wait(lambda: json.loads(b.run("insights", "--json").stdout))
        found = {(i["kind"], i["tenant"], i["component"], i["operation"]) for i in insights}
        assert ("repeated_calls", "acme", "shop", "/orders") in found, found
        assert ("recurring_exception", "acme", "shop", "/orders") in found, found
        repeated = next(i for i in insights if i["kind"] == "repeated_calls")
        assert (repeated["code"]["file"], repeated["code"]["function"], repeated["code"]["line"]) == ("shop/prices.js", "price", 7), repeated
        evidence = {e["name"]: e["value"] for e in repeated["evidence"]}
        assert evidence["calls"] == 300 and abs(evidence["call_mean_ms"] - 30) < 0.5, evidence
        exception = next(i for i in insights if i["kind"] == "recurring_exception")
        assert exception["evidence"][0]["name"] == "occurrences" and exception["evidence"][0]["value"] == 40, exception
        assert "RangeError" in exception["summary"] and "send.mjs" in exception["example"], exception
        counted = json.loads(b.run("report", "--json").stdout)["telemetry_analyzed"]
        assert counted["logs"] == 80 and counted["metrics"] == 601, counted  # 40 told twice; 600 spans, one histogram


def test_stop_is_durable_and_one_daemon_has_the_folder():
    with Bench() as b:
        b.start()
        assert b.run("stop").returncode == 0
        second = b.run("run", timeout=20)
        assert second.returncode != 0 and "another daemon" in second.stderr, second.stderr
        b.daemon.kill()
        b.daemon.wait()
        b.start()
        assert json.loads(b.run("status", "--json").stdout)["stopped"] is True
        assert b.run("cycle").returncode == 1
        assert b.run("resume").returncode == 0
        assert b.run("cycle").returncode == 0


def test_what_a_killed_daemon_left_of_its_sandboxes_is_removed():
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = pathlib.Path(tempfile.gettempdir()) / ("ratchet-sandbox-%d-test" % gone.pid)
    (left / "copy").mkdir(parents=True)
    os.utime(left, (1, 1))
    with Bench() as b:
        b.start()
        b.wait(lambda: not left.exists())


def test_audit_verify_finds_an_edit_and_an_emptied_log():
    with Bench() as b:
        b.start()
        b.run("stop")
        b.run("resume")
        b.run("cycle")
        published = b.wait(lambda: list((b.folder / "state/reports").glob("cycle-*.json")))
        head = json.loads(published[0].read_text())["audit_head"]
        assert head["sequence"] >= 4 and len(head["hmac"]) == 64, head
        assert b.run("audit", "verify").returncode == 0
        b.daemon.terminate()
        b.daemon.wait()
        import sqlite3
        with sqlite3.connect(b.folder / "state/state.db") as db:
            db.execute("UPDATE audit SET actor = 'somebody' WHERE action = 'system.stopped'")
        done = b.run("audit", "verify")
        assert done.returncode == 5 and "edited" in done.stdout, done.stdout
        with sqlite3.connect(b.folder / "state/state.db") as db:
            db.execute("DELETE FROM audit")
        done = b.run("audit", "verify")
        assert done.returncode == 5 and "empty" in done.stdout, done.stdout
        b.start()  # the daemon tells it, too, and goes on
        while "NOT INTACT" not in (line := b.daemon.stderr.readline()):
            assert line, "the daemon ended without a word"


def test_without_a_daemon_the_command_line_says_so():
    with Bench() as b:
        done = b.run("status")
        assert done.returncode == 4 and "ratchet run" in done.stderr, (done.returncode, done.stderr)


def main():
    global BUILD
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    BUILD = options.build.resolve()
    tests = [(n, f) for n, f in globals().items() if n.startswith("test_") and (not options.names or n in options.names)]
    bad = 0
    for number, (name, function) in enumerate(tests, 1):
        began = time.time()
        try:
            function()
            outcome = "ok"
        except Exception:
            traceback.print_exc()
            outcome, bad = "FAILED", bad + 1
        print("%2d/%d %-75s %-6s %5.1f s" % (number, len(tests), name, outcome, time.time() - began), flush=True)
    print("integration: %d passed, %d failed" % (len(tests) - bad, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
