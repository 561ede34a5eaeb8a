#!/usr/bin/env python3
"""Runs clang-tidy on every source file that is not known to be clean: `./dev tidy` calls it.

    tidy.py BUILD_DIR [FILE...]

A file is known to be clean when its preprocessed text, comments and all, was found so by the same clang-tidy with the same
checks; in which checkout does not matter. The cache holds one empty file for each.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "ratchet-tidy"
TIDY = "clang-tidy-19"
OPTIONS = ["--quiet", "--extra-arg=-Wno-unknown-warning-option"]


def preprocessed(entry):
    """The text with its comments, some of which silence a check, and its macros. Paths are those of any checkout."""
    words = shlex.split(entry["command"])
    del words[words.index("-o"):words.index("-o") + 2]
    done = subprocess.run([*words, "-E", "-C", "-dD", "-w"], cwd=entry["directory"], capture_output=True, check=True)
    return (shlex.join(words).encode() + done.stdout).replace(str(ROOT).encode(), b"")


def check(entry, build, same_for_all):
    """Gives what clang-tidy has to say about a file, or None if it is clean."""
    known = CACHE / hashlib.sha256(same_for_all + preprocessed(entry)).hexdigest()
    if known.exists():
        return None
    done = subprocess.run([TIDY, "-p", str(build), *OPTIONS, entry["file"]], capture_output=True, text=True)
    if done.returncode != 0:
        return done.stdout + done.stderr
    known.touch()
    return None


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    wanted = {str(pathlib.Path(file).resolve()) for file in sys.argv[2:]}
    entries = [entry for entry in json.loads((build / "compile_commands.json").read_text()) if entry["file"] in wanted]
    if missing := wanted - {entry["file"] for entry in entries}:
        sys.exit("clang-tidy: no module compiles " + ", ".join(sorted(missing)))
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    same_for_all = b"\0".join([version, (ROOT / ".clang-tidy").read_bytes(), " ".join(OPTIONS).encode()])
    CACHE.mkdir(parents=True, exist_ok=True)
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for said in pool.map(lambda entry: check(entry, build, same_for_all), entries):
            if said is not None:
                bad += 1
                print(said, flush=True)
    print("clang-tidy: %d files are clean, %d are not" % (len(entries) - bad, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
