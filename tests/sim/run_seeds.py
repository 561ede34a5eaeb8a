#!/usr/bin/env python3
"""Lives of the engine, one a seed, on all cores.

    run_seeds.py BUILD_DIR [--seeds N] [--first S] [--seed S]

Splits the seeds into portions for the single-threaded ratchet-sim and adds up what they tell. Exit code 1: a promise was
broken, and the seed is printed.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import resource
import subprocess
import sys

PORTION = 10
NUMBER = re.compile(r"\d+")


def live(program, first, count):
    return subprocess.run([program, "--first", str(first), "--seeds", str(count)], capture_output=True, text=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seed", type=int, help="only this one")
    options = parser.parse_args()
    first, end = (options.seed, options.seed + 1) if options.seed is not None else (options.first, options.first + options.seeds)
    program = options.build.resolve() / "tests/ratchet-sim"
    sums, wording = [], ""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        portions = [pool.submit(live, program, at, min(PORTION, end - at)) for at in range(first, end, PORTION)]
        for portion in portions:
            run = portion.result()
            if run.returncode != 0:
                pool.shutdown(wait=False, cancel_futures=True)
                print(run.stdout + run.stderr, end="")
                return 1
            wording = run.stdout.strip()
            numbers = [int(n) for n in NUMBER.findall(wording)]
            sums = [a + b for a, b in zip(sums, numbers)] if sums else numbers
    told = iter(sums)
    print(NUMBER.sub(lambda _: str(next(told)), wording))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print("%.0f steps a second of one core" % (sums[1] / (used.ru_utime + used.ru_stime)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
