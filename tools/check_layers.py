#!/usr/bin/env python3
"""Checks that the layers hold: core <- ports <- engine <- adapters <- app.

A module may include only its own headers and those of the modules in its DEPS; DEPS point down only,
adapters never name each other; only adapters and app touch clocks, files, sockets, processes,
environment and randomness. Prints every violation; exit code 1 if there is one.
"""

import pathlib
import re
import sys

SRC = pathlib.Path(__file__).resolve().parents[1] / "src"
LAYERS = {"core": 0, "ports": 1, "engine": 2, "adapters": 3, "app": 4}
OUTSIDE = re.compile(
    r"system_clock|steady_clock::now|std::this_thread|\bgetenv\b|std::random_device|std::rand\b|<fstream>|<filesystem>|"
    r"<unistd\.h>|<sys/|<netinet|<fcntl\.h>|\bfopen\b|\bpopen\b|std::system\b|<iostream>|_distribution<")
# The engine's loop owns the threads of the process and waits; it still asks the Clock for the time.
ALLOWED = {("engine/loop.h", "std::this_thread"), ("engine/loop.cc", "std::this_thread")}


def modules():
    found = {}
    for listing in SRC.rglob("CMakeLists.txt"):
        for match in re.finditer(r"add_module\(\s*(\w+)(.*?)\)", listing.read_text(), re.DOTALL):
            words = match.group(2).split()
            deps, collecting = set(), False
            for word in words:
                if word in ("SOURCES", "LIBS", "TESTS", "DEPS"):
                    collecting = word == "DEPS"
                elif collecting:
                    deps.add(word)
            found[listing.parent.relative_to(SRC).as_posix()] = (match.group(1), deps)
    return found


def main():
    found, problems = modules(), []
    folder_of = {name: folder for folder, (name, _) in found.items()}
    layer = lambda folder: LAYERS[folder.split("/")[0]]
    for folder, (name, deps) in found.items():
        for dep in deps:
            if dep not in folder_of:
                problems.append(f"{folder}: DEPS names {dep}, which is no module")
            elif layer(folder_of[dep]) > layer(folder):
                problems.append(f"{folder}: depends upward on {folder_of[dep]}")
            elif layer(folder) == 3 and layer(folder_of[dep]) == 3:
                problems.append(f"{folder}: an adapter depends on another one, {folder_of[dep]}")
        for file in sorted((SRC / folder).glob("*.[hc]*")):
            if file.suffix not in (".h", ".cc"):
                continue
            text = file.read_text()
            for line, included in ((i + 1, m.group(1)) for i, l in enumerate(text.splitlines())
                                   for m in [re.match(r'#include "([^"]+)"', l)] if m):
                owner = included.rsplit("/", 1)[0]
                if owner != folder and (owner not in found or found[owner][0] not in deps):
                    problems.append(f"{folder}/{file.name}:{line}: includes {included}, which DEPS does not allow")
            if layer(folder) < 3 and not file.name.endswith("_test.cc"):
                for number, line in enumerate(text.splitlines(), 1):
                    hit = OUTSIDE.search(line.split("//")[0])
                    if hit and (f"{folder}/{file.name}", hit.group(0)) not in ALLOWED:
                        problems.append(f"{folder}/{file.name}:{number}: {hit.group(0)} belongs in an adapter")
    for problem in problems:
        print(problem)
    print(f"layers: {len(found)} modules, {len(problems)} violations")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
