#!/usr/bin/env python3
"""Runs the groups of tests/groups.toml: `./dev test` calls it.

    test_groups.py                                what each change must pass
    test_groups.py full [GROUP...] [--repeat N]   everything, or the named groups in full
    test_groups.py GROUP... [ARGUMENT...]         as a change runs them; arguments go to the one group's command
    test_groups.py list                           the groups and what they took
    test_groups.py docs [--check]                 writes the table in docs/testing.md, or compares it

The last line says how many runs of a group passed and failed, and the seconds. What failed is told again before it.
"""

import argparse
import collections
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import threading
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[1]
LIST = ROOT / "tests/groups.toml"
TABLE = ROOT / "docs/testing.md"
MARKS = ("<!-- groups: ./dev docs writes them -->\n", "<!-- end of groups -->\n")
BUILD = "build/release"
CHANGE_MINUTES_MAX = 25


class Group:
    def __init__(self, name, tells, seconds, targets=None, prepare=(), change=None, full=None):
        self.name, self.tells, self.targets, self.prepare = name, tells, targets, prepare
        self.commands = {"change": change, "full": full or change}
        self.seconds = dict(zip(("change", "full"), seconds))

    def runs_in(self, mode):
        return self.commands[mode] is not None

    def command(self, mode):
        # A group that no change runs can still be named.
        text = self.commands[mode] or self.commands["full"]
        return shlex.split(text.format(build=BUILD, python="/usr/bin/python3"))

    def seconds_max(self, mode):
        """After this long the group hangs: far more than a busy machine needs."""
        return 300 + 6 * (self.seconds[mode] or self.seconds["full"])


def load():
    return [Group(**row) for row in tomllib.loads(LIST.read_text())["group"]]


def select(groups, names, mode):
    """The named groups, where `integration` stands for every `integration-...`; without names those of the mode."""
    if not names:
        return [g for g in groups if g.runs_in(mode)]
    chosen = []
    for name in names:
        found = [g for g in groups if g.name == name or g.name.startswith(name + "-")]
        if not found:
            sys.exit("dev test: %s is no group; there are: %s" % (name, ", ".join(g.name for g in groups)))
        chosen += [g for g in found if g not in chosen]
    return chosen


def say(text):
    print("\033[1m==> %s\033[0m" % text, flush=True)


def run(command, seconds_max):
    """Gives whether it ended well, and its last lines. It is killed with all that it started when its time is over."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    expired = threading.Event()

    def end():
        expired.set()
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(seconds_max, end)
    timer.start()
    last = collections.deque(maxlen=40)
    try:
        for line in process.stdout:
            sys.stdout.buffer.write(line)
            sys.stdout.flush()
            last.append(line.decode(errors="replace").replace("\r", "\n"))
        ended_well = process.wait() == 0
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGTERM)
        raise
    finally:
        timer.cancel()
    if expired.is_set():
        last.append("killed after %d s: it hangs\n" % seconds_max)
    return ended_well, "".join(last)


def prepare(groups, everything):
    """Builds and sets up what the groups need."""
    for what in dict.fromkeys(step for g in groups for step in g.prepare):
        subprocess.run(["./dev", "prepare", what], cwd=ROOT, check=True)
    targets = [t for g in groups for t in g.targets or ()]
    if everything or any(g.targets is None for g in groups):
        subprocess.run(["./dev", "build", "release"], cwd=ROOT, check=True)
    elif targets:
        subprocess.run(["./dev", "build", "release", *dict.fromkeys(targets)], cwd=ROOT, check=True)


def run_all(groups, mode, repeat, arguments):
    failures, took = [], []
    for turn in range(repeat):
        for group in groups:
            label = group.name + (" (%d of %d)" % (turn + 1, repeat) if repeat > 1 else "")
            say("%s: %s" % (label, group.tells))
            began = time.monotonic()
            ended_well, last = run(group.command(mode) + arguments, group.seconds_max(mode))
            took.append((label, time.monotonic() - began, "passed" if ended_well else "FAILED"))
            if not ended_well:
                failures.append((label, last))
    for label, last in failures:
        say("FAILED: " + label)
        print(last)
    say("seconds of each")
    for label, seconds, outcome in took:
        print("%8.1f s  %-7s %s" % (seconds, outcome, label))
    return len(took) - len(failures), len(failures)


def table(groups):
    def seconds(group, mode):
        return "%d" % group.seconds[mode] if group.runs_in(mode) else "–"

    lines = ["| group | shows | `./dev test`, s | `./dev test full`, s |", "|---|---|---:|---:|"]
    lines += ["| `%s` | %s | %s | %s |" % (g.name, g.tells, seconds(g, "change"), seconds(g, "full")) for g in groups]
    sums = [sum(g.seconds[m] for g in groups if g.runs_in(m)) for m in ("change", "full")]
    lines.append("| all | | %d | %d |" % tuple(sums))
    return "\n".join(lines) + "\n"


def docs(groups, check):
    cases = {"integration-" + file.name.removesuffix("_cases.py") for file in ROOT.glob("tests/integration/*_cases.py")}
    if left_out := cases - {g.name for g in groups}:
        sys.exit("tests/groups.toml: has no row for " + ", ".join(sorted(left_out)))
    text = TABLE.read_text()
    before, after = text.split(MARKS[0])[0], text.split(MARKS[1])[1]
    wanted = before + MARKS[0] + table(groups) + MARKS[1] + after
    if check and wanted != text:
        sys.exit("docs/testing.md: the table is not that of tests/groups.toml; ./dev docs writes it")
    if not check:
        TABLE.write_text(wanted)


def main():
    parser = argparse.ArgumentParser(prog="./dev test", description=__doc__, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="full|list|GROUP")
    parser.add_argument("--repeat", type=int, default=1, metavar="N")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    options, arguments = parser.parse_known_args()
    groups, names = load(), options.names
    verb = names.pop(0) if names and names[0] in ("full", "list", "docs") else ""
    if verb == "list":
        print(table(groups), end="")
        return 0
    if verb == "docs":
        docs(groups, options.check)
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a stop from outside ends the group's processes, too
    began = time.monotonic()
    mode = "full" if verb == "full" else "change"
    chosen = select(groups, names, mode)
    if arguments and len(chosen) != 1:
        sys.exit("dev test: %s: arguments are for one named group" % " ".join(arguments))
    try:
        prepare(chosen, everything=not names)
    except subprocess.CalledProcessError as error:
        print("%s failed\n0 passed, 1 failed in %d s" % (" ".join(error.cmd), time.monotonic() - began))
        return 1
    passed, failed = run_all(chosen, mode, options.repeat, arguments)
    seconds = time.monotonic() - began
    if mode == "change" and not names and seconds > 60 * CHANGE_MINUTES_MAX:
        print("dev test: it took more than %d minutes" % CHANGE_MINUTES_MAX)
    print("%d passed, %d failed in %d s" % (passed, failed, seconds))
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("dev test: stopped")
