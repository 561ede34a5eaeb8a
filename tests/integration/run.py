#!/usr/bin/env python3
"""Integration tests of the whole program: real processes, real sandbox, real files, loopback only.

    run.py --build build/release [--at-once N] [--case NAME]... [GROUP...]

A case is a function test_... in GROUP_cases.py. Each runs in a process of its own, with a folder for its temporary files
and ports of its own; they wait more than they compute, so several run at once. A case that hangs is killed with all that
it started, and has failed. The last line says how many passed and failed.
"""

import argparse
import concurrent.futures
import importlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CASE_SECONDS_MAX = 300


def groups():
    return sorted(file.name.removesuffix("_cases.py") for file in HERE.glob("*_cases.py"))


def cases_of(group):
    return [name for name in vars(importlib.import_module(group + "_cases")) if name.startswith("test_")]


def run_case(group, name):
    """Gives what it said if it failed, else None, and its seconds."""
    began = time.monotonic()
    folder = tempfile.mkdtemp(prefix="ratchet-it-")
    os.chmod(folder, 0o1777)  # some cases act as another user
    case = subprocess.Popen([sys.executable, "-B", "-c", "import %s_cases; %s_cases.%s()" % (group, group, name)], cwd=HERE,
                            env={**os.environ, "TMPDIR": folder}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, start_new_session=True)
    try:
        said, _ = case.communicate(timeout=CASE_SECONDS_MAX)
        failure = None if case.returncode == 0 else said.decode(errors="replace")
    except subprocess.TimeoutExpired:
        failure = "it hangs: killed after %d s" % CASE_SECONDS_MAX
    finally:
        kill_all_of(case)
        shutil.rmtree(folder, ignore_errors=True)
    return failure, time.monotonic() - began


def kill_all_of(case):
    try:
        os.killpg(case.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # nothing is left of it
    case.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--at-once", type=int, default=2 * os.cpu_count())
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(groups()))
    options = parser.parse_args()
    os.environ["RATCHET_TEST_BUILD"] = str(options.build.resolve())
    sys.path.insert(0, str(HERE))
    if unknown := set(options.groups) - set(groups()):
        sys.exit("integration: no such group: %s; there are: %s" % (", ".join(unknown), ", ".join(groups())))
    cases = [(group, name) for group in options.groups or groups() for name in cases_of(group)
             if not options.case or name in options.case]
    if not cases:
        sys.exit("integration: no such case")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.at_once) as pool:
        running = {pool.submit(run_case, *case): case for case in cases}
        for number, done in enumerate(concurrent.futures.as_completed(running), 1):
            (group, name), (failure, seconds) = running[done], done.result()
            failed += failure is not None
            if failure is not None:
                print(failure)
            print("%2d/%d %-8s %-75s %-6s %5.1f s" % (number, len(cases), group, name, "ok" if failure is None else "FAILED", seconds),
                  flush=True)
    print("integration: %d passed, %d failed" % (len(cases) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
