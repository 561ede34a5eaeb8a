#!/usr/bin/env python3
"""A whole cycle on a real service, act by act: see `./dev demo`.

    demo.py --build build/release [--service DIR] [--json FILE] [--keep]

Starts the service, an open-loop load and the daemon on free ports of the loopback; windows and looks
are shortened by configuration, nothing is faked. The load is what the machine can bear: on a slower one it
has fewer requests a second and the windows are longer. Exits 0 only if every act held.
"""

import argparse
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

PYTHON = "/usr/bin/python3"
COLOURS = sys.stdout.isatty()


def bold(text):
    return "\033[1m%s\033[0m" % text if COLOURS else text


def say(text=""):
    print(text, flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class ActFailed(Exception):
    pass


def p95(values):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))] if ordered else 0.0


CONFIG = """
state_dir = "{folder}/state"

[http]
port = {api}

[otlp]
port = {otlp}

[telemetry]
resolution = "1s"
delay = "2s"

[analysis]
current = "{window}ms"
baseline = "{window}ms"
requests_min = 30

[cycle]
scheduled = false
analysis_window = "{window}ms"
max_improvements = 20

[monitoring]
duration = "{watch}ms"
interval = "{interval}ms"
requests_min = 8
bad_looks = 2
looks_min = 4
baseline = "{baseline}ms"

[generation]
order = ["recipes", "openai"]
[generation.openai]
base_url = "http://127.0.0.1:{model}/v1"
model = "replay"
retries = 0

[[component]]
name = "{component}"
root = "{root}"
tenants = {tenants}   # one root for all: every change is system-wide
autonomy = "approve"
sources = ["{package}/**/*.py"]
health_url = "http://127.0.0.1:{service}/health"
[component.tests]
command = ["python3", "-m", "unittest", "discover", "-s", "tests"]
[component.reload]
http = "http://127.0.0.1:{service}/admin/reload"
[component.proof]
kind = "digest"
url = "http://127.0.0.1:{service}/admin/version"
pointer = "/files"
"""


class Stage:
    """The processes of the demo and how to talk to them."""

    def __init__(self, options):
        self.ratchet = pathlib.Path(options.build).resolve() / "ratchet"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ratchet-demo-"))
        self.root = self.folder / "service"
        shutil.copytree(options.service, self.root, ignore=shutil.ignore_patterns("__pycache__", ".ratchet"))
        self.package = next(p.parent.name for p in self.root.glob("*/__init__.py") if p.parent.name != "tests")
        self.component = "the-service"
        self.plan = json.loads((self.root / "demo.json").read_text())
        self.ports = {name: free_port() for name in ("service", "api", "otlp", "model")}
        self.config = self.folder / "ratchet.toml"
        self.pace = 1.0  # how many times longer everything takes than on a fast machine
        self.requests = self.folder / "requests.jsonl"
        self.processes = {}
        self.key = ""

    def start(self, name, *command):
        log = open(self.folder / (name + ".log"), "ab")
        self.processes[name] = subprocess.Popen([str(c) for c in command], stdout=log, stderr=log, cwd=self.folder,
                                                preexec_fn=os.setpgrp)

    def start_all(self):
        service = "http://127.0.0.1:%d" % self.ports["service"]
        self.start("service", PYTHON, self.root / "server.py", "--port", self.ports["service"], "--database",
                   self.folder / "data.db", "--otlp", "http://127.0.0.1:%d" % self.ports["otlp"], "--component",
                   self.component, "--seed-data")
        self.start("model", PYTHON, self.root / "replay_model.py", "--port", self.ports["model"], "--replies", self.root / "replies")
        self.wait_http(self.ports["service"], "/health")
        self.pace = self.measured_pace(service)
        lengths = {"window": 20, "watch": 18, "interval": 2, "baseline": 15}
        self.config.write_text(CONFIG.format(folder=self.folder, root=self.root, package=self.package,
                                             component=self.component, tenants=json.dumps(self.plan["tenants"]),
                                             **{name: round(1000 * self.pace * s) for name, s in lengths.items()},
                                             **self.ports))
        self.start_daemon()
        self.key = self.run("key", "add", "chief", "--role", "meta-orchestrator").strip()
        self.start("load", PYTHON, self.root / "load.py", "--url", service, "--rate", self.rate(), "--out", self.requests)

    def measured_pace(self, service):
        """1 where 40 requests a second keep the service busy for at most a quarter of the time: a machine whose
        speed is halved by its neighbours meanwhile still has room."""
        load = [PYTHON, str(self.root / "load.py"), "--url", service]
        subprocess.run(load + ["--measure", "1"], capture_output=True, check=True)  # warms it up
        measured = json.loads(subprocess.run(load + ["--measure", "3"], capture_output=True, check=True).stdout)
        busy = 40 * measured["mean_ms"] / 1000
        return min(2.5, max(1.0, busy / 0.25))

    def rate(self):
        return round(40 / self.pace, 1)

    def start_daemon(self):
        self.start("daemon", self.ratchet, "-c", self.config, "run")
        self.wait_http(self.ports["api"], "/health")

    def stop_all(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)

    def wait_http(self, port, path):
        for _ in range(200):
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1) as s:
                    s.sendall(("GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n" % path).encode())
                    if b" 200 " in s.recv(200):
                        return
            except OSError:
                pass
            time.sleep(0.05)
        raise ActFailed("nothing answers on port %d (logs in %s)" % (port, self.folder))

    def run(self, *arguments, check=True):
        environment = dict(os.environ, RATCHET_KEY=self.key) if self.key else dict(os.environ)
        done = subprocess.run([str(self.ratchet), "-c", str(self.config), *arguments], capture_output=True, text=True, env=environment)
        if check and done.returncode != 0:
            raise ActFailed("ratchet %s: %s" % (" ".join(arguments), done.stderr.strip()))
        return done.stdout

    def ask(self, *arguments):
        return json.loads(self.run(*arguments, "--json"))

    def latencies(self, operation, begin, end):
        values = []
        with open(self.requests) as lines:
            for line in lines:
                if line.endswith("\n"):
                    r = json.loads(line)
                    if r["operation"] == operation and begin <= r["due"] < end:
                        values.append(r["ms"])
        return values

    def failed_requests(self):
        with open(self.requests) as lines:
            requests = [json.loads(line) for line in lines if line.endswith("\n")]
        return sum(1 for r in requests if not r["ok"]), len(requests)

    def digest(self):
        total = hashlib.sha256()
        for path in sorted(self.root.glob(self.package + "/**/*.py")):
            total.update(path.read_bytes())
        return total.hexdigest()

    def improvement(self, identifier):
        shown = self.ask("show", identifier)
        watch = shown["watch"] or {}
        return dict(shown["state"], looks=watch.get("looks", []), baseline=watch.get("baseline"),
                    verdict=watch.get("verdict"))

    def wait_status(self, identifier, wanted, seconds, on_look=None):
        end, seen = time.time() + seconds * self.pace, 0
        while time.time() < end:
            state = self.improvement(identifier)
            for look in state["looks"][seen:]:
                say("    look %2d: p95 %8.2f ms (before %.2f), errors %.2f %%, %d requests, degradation %+.1f %%" % (
                    seen + 1, look["operation"]["latency_p95"], state["baseline"]["operation"]["latency_p95"],
                    look["operation"]["error_rate"] * 100, look["operation"]["requests"], look["degradation"] * 100))
                seen += 1
            if state["status"] in wanted:
                return state
            if state["status"] in ("failed", "superseded", "rolled_back", "completed", "suggested", "expired", "rejected"):
                raise ActFailed("improvement %s is %s: %s" % (identifier, state["status"], state["reason"]))
            if on_look and state["status"] == "monitoring":
                on_look(state)
            time.sleep(0.3)
        raise ActFailed("improvement %s is %s after %d s, not %s" % (identifier, state["status"], seconds * self.pace, wanted))

    def cycle(self, operation, author):
        """Runs a cycle and gives the improvement of it that waits for approval; up to three cycles, because real
        traffic does not show everything in every window."""
        for _ in range(3):
            known = {i["id"] for i in self.ask("improvements")}
            say("  $ ratchet cycle")
            self.run("cycle")
            end, new = time.time() + 45 * self.pace, []
            while time.time() < end:
                new = [i for i in self.ask("improvements") if i["id"] not in known]
                for i in new:
                    if i["status"] == "awaiting_approval" and operation == i["opportunity"]["operation"] and author in i["author_name"]:
                        return i
                if new and all(i["status"] in ("failed", "awaiting_approval", "suggested") for i in new):
                    break
                time.sleep(0.3)
            say("    no improvement of %s by %s among these:" % (operation, author))
            for i in new:
                say("      %s %s: %s %s" % (i["opportunity"]["operation"], i["opportunity"]["kind"], i["status"], i["reason"][:200]))
            time.sleep(5 * self.pace)
        raise ActFailed("three cycles gave no improvement of %s by %s" % (operation, author))

    def replay(self, reply):
        """Which of the stored replies the model gives from now on."""
        request = urllib.request.Request("http://127.0.0.1:%d/reply" % self.ports["model"], reply.encode(), method="PUT")
        urllib.request.urlopen(request, timeout=10).close()

    def rewritten(self, act):
        """A change by the model that waits for approval; every act has a reply of its own."""
        plan = self.plan["rewritten"]
        self.replay(plan["replies"][act])
        return self.cycle(plan["operation"], "openai")

    def approve(self, improvement):
        report = improvement["validation"]
        say("  %s by %s: %s" % (improvement["id"], improvement["author_name"], improvement["summary"]))
        say("    gates: " + ", ".join("%s %s" % (g["gate"], g["outcome"]) for g in report["gates"]))
        say("    quality %.3f, risk %.3f, %.0f %% of the changed lines covered" % (
            report["quality"], report["risk"], report["changed_line_coverage"] * 100))
        say("  $ ratchet approve %s      (system-wide: with the meta-orchestrator's key)" % improvement["id"])
        self.run("approve", improvement["id"])


class Demo:
    def __init__(self, options):
        self.stage = Stage(options)
        self.facts = {"acts": {}}
        self.rows = []

    def act(self, number, title, run):
        say()
        say(bold("Act %d: %s" % (number, title)))
        began = time.time()
        try:
            detail = run()
            held = True
        except ActFailed as failure:
            detail, held = str(failure), False
            say("  " + bold("did not hold: ") + detail)
        self.rows.append((number, title, held, detail, time.time() - began))
        self.facts["acts"][str(number)] = {"title": title, "held": held, "detail": detail}
        return held

    def insights(self):
        stage, end = self.stage, time.time() + 60 * self.stage.pace
        say("  %.0f requests a second from three tenants; telemetry by OTLP" % stage.rate())
        time.sleep(26 * stage.pace)
        while time.time() < end:
            stage.run("cycle", "--max", "0")
            time.sleep(2)
            insights = stage.ask("insights")
            kinds = {i["kind"] for i in insights}
            if {"repeated_calls", "recurring_exception"} <= kinds:
                break
            time.sleep(3)
        else:
            raise ActFailed("no insights in time: %s" % sorted(kinds))
        for kind in sorted(kinds):
            insight = next(i for i in insights if i["kind"] == kind)
            say("  %-20s %s" % (kind, insight["summary"][:120]))
            say("      " + ", ".join("%s=%.4g%s" % (e["name"], e["value"], e["unit"]) for e in insight["evidence"][:5]))
        self.facts["insights"] = sorted(kinds)
        return "%d insights of %d kinds" % (len(insights), len(kinds))

    def kept(self):
        stage = self.stage
        improvement = stage.cycle(stage.plan["remembered"]["operation"], "recipe")
        self.facts["recipe_scores"] = {k: improvement["validation"][k] for k in ("quality", "risk")}
        before_end = time.time()
        stage.approve(improvement)
        state = stage.wait_status(improvement["id"], ("completed",), 60)
        time.sleep(6 * stage.pace)
        operation = stage.plan["remembered"]["load"]
        before = p95(stage.latencies(operation, before_end - 15 * stage.pace, before_end))
        after = p95(stage.latencies(operation, time.time() - 12 * stage.pace, time.time()))
        final = stage.ask("show", improvement["id"])["metrics"]
        say("  kept: %s" % state["verdict"]["explanation"])
        say("  p95 by Ratchet: %.2f → %.2f ms; by the load generator: %.2f → %.2f ms" % (
            final["baseline"]["latency_p95"], final["final"]["latency_p95"], before, after))
        self.facts["kept"] = {"improvement": improvement["id"], "load_p95_before_ms": before, "load_p95_after_ms": after,
                              "load_ratio": before / after, "ratchet_p95_before_ms": final["baseline"]["latency_p95"],
                              "ratchet_p95_after_ms": final["final"]["latency_p95"]}
        if before < 2 * after:
            raise ActFailed("p95 by the load generator is only %.2f times better" % (before / after))
        return "p95 %.1f → %.1f ms by the load generator (%.1f ×)" % (before, after, before / after)

    def taken_back(self):
        stage = self.stage
        before = stage.digest()
        improvement = stage.rewritten("taken_back")
        stage.approve(improvement)
        state = stage.wait_status(improvement["id"], ("rolled_back",), 60)
        bad = [n for n, look in enumerate(state["looks"]) if look["degradation"] > 0.10]
        looks = len(state["looks"]) - bad[0] if bad else 0
        say("  taken back: %s" % state["reason"])
        identical = stage.digest() == before
        self.facts["rolled_back"] = {"improvement": improvement["id"], "looks_from_first_bad": looks, "byte_identical": identical,
                                     "p95_baseline_ms": state["baseline"]["operation"]["latency_p95"],
                                     "p95_worst_ms": max(look["operation"]["latency_p95"] for look in state["looks"])}
        if not identical:
            raise ActFailed("the files are not what they were")
        if not 1 <= looks <= 3:
            raise ActFailed("it took %d looks from the first bad one" % looks)
        return "rolled back at look %d of the bad ones; files byte-identical" % looks

    def killed(self):
        stage = self.stage
        improvement = stage.rewritten("killed")
        stage.approve(improvement)
        delay, deployed, killed = random.uniform(1.0, 12.0 * stage.pace), [], []

        def kill(state):
            deployed.append(time.time())
            # A bad look may be the last but one, by noise too: then the moment has come already.
            bad = bool(state["looks"]) and state["looks"][-1]["degradation"] > 0.10
            if not killed and (bad or time.time() - deployed[0] >= delay):
                killed.append((time.time() - deployed[0], len(state["looks"])))
                say("    kill -9 after %.1f s of the watch, %d looks taken" % killed[0])
                daemon = stage.processes["daemon"]
                daemon.send_signal(signal.SIGKILL)
                daemon.wait()
                time.sleep(1)
                stage.start_daemon()
                say("    started again")

        state = stage.wait_status(improvement["id"], ("completed", "rolled_back"), 90, kill)
        self.facts["resumed"] = {"improvement": improvement["id"], "killed_after_seconds": round(killed[0][0], 2) if killed else None,
                                 "looks_before": killed[0][1] if killed else None, "looks": len(state["looks"]), "status": state["status"]}
        if not killed:
            raise ActFailed("the watch ended before the kill")
        say("  %s: %s" % (state["status"], state["reason"]))
        return "killed after %.1f s, finished with %d looks: %s" % (killed[0][0], len(state["looks"]), state["status"])

    def foreign(self):
        stage = self.stage
        improvement = stage.rewritten("foreign")
        stage.approve(improvement)
        stage.wait_status(improvement["id"], ("monitoring",), 40)
        time.sleep(3)
        file = stage.root / stage.plan["rewritten"]["file"]
        mine = file.read_text() + "\n\n# a hotfix by hand\n"
        file.write_text(mine)
        say("    somebody appends a line to %s" % file.relative_to(stage.root))
        state = stage.wait_status(improvement["id"], ("superseded",), 30)
        time.sleep(2)
        component = stage.ask("status")["components"][0]
        untouched = file.read_text() == mine
        say("  " + state["reason"])
        self.facts["foreign_change"] = {"improvement": improvement["id"], "untouched": untouched, "frozen": component["frozen"]}
        if not untouched or not component["frozen"]:
            raise ActFailed("untouched: %s, frozen: %s" % (untouched, component["frozen"]))
        return "superseded; nothing overwritten; component frozen and told"

    def report(self):
        stage = self.stage
        say(stage.run("report"))
        say("  $ ratchet audit verify")
        verdict = stage.ask("audit", "verify")
        say("  %s entries: %s" % (verdict["entries"], "intact" if verdict["intact"] else verdict["problem"]))
        self.facts["audit"] = verdict
        if not verdict["intact"]:
            raise ActFailed(verdict["problem"])
        return "%d entries, intact" % verdict["entries"]

    def requests(self):
        failed, total = self.stage.failed_requests()
        self.facts["requests"] = {"total": total, "failed": failed}
        say("  %d requests, %d failed" % (total, failed))
        if failed or total < 1000:
            raise ActFailed("%d of %d requests failed" % (failed, total))
        return "%d requests, none failed" % total

    def run(self):
        began = time.time()
        say(bold("Ratchet demo") + ": a whole cycle on a real service, in %s" % self.stage.folder)
        try:
            self.stage.start_all()
            acts = [("insights appear from real traffic", self.insights), ("a recipe's improvement is kept", self.kept),
                    ("a harmful change is taken back", self.taken_back), ("kill -9 in the midst of a watch", self.killed),
                    ("somebody changes a file by hand", self.foreign), ("report and audit", self.report),
                    ("no request failed", self.requests)]
            for number, (title, run) in enumerate(acts, 1):
                if not self.act(number, title, run) and number < 6:
                    break
        finally:
            self.stage.stop_all()
        self.facts["requests_a_second"] = self.stage.rate()
        self.facts["seconds"] = round(time.time() - began, 1)
        self.facts["held"] = len(self.rows) == 7 and all(row[2] for row in self.rows)
        say()
        for number, title, held, detail, seconds in self.rows:
            say("  %d  %-36s %-8s %5.1f s  %s" % (number, title, "held" if held else "FAILED", seconds, detail))
        say()
        return self.facts["held"]


def main():
    here = pathlib.Path(__file__).resolve().parents[1]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=here / "build/release")
    parser.add_argument("--service", type=pathlib.Path, default=here / "examples/meeting_service")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--keep", action="store_true", help="keep the demo's folder")
    options = parser.parse_args()
    demo = Demo(options)
    held = demo.run()
    if options.json:
        options.json.write_text(json.dumps(demo.facts, indent=2) + "\n")
    if held and not options.keep:
        shutil.rmtree(demo.stage.folder, ignore_errors=True)
    elif not held:
        say("logs: %s" % demo.stage.folder)
    acts = [row[2] for row in demo.rows]
    say("demo: %d acts held, %d did not, %.0f s" % (acts.count(True), 7 - acts.count(True), demo.facts["seconds"]))
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
