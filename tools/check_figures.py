#!/usr/bin/env python3
"""Counts the figures of the shape and fails where one is over its limit: `./dev lint` calls it.

    check_figures.py [--all]     --all: also what is near a limit

- Includes upward through the layers: none.
- Functions of more than 70 lines, from the name to the closing brace: at most 3.
- Lines of the longest file of C++: at most 450.
- A setting is read in one place: one file asks for the process's environment, one module parses the
  configuration's language, and the name of each setting and of its variable stands once.

What is known to be over a limit stands in KNOWN with what it is today. The list can only shrink: to be above its figure
fails, and so does an entry that is no longer needed.
"""

import pathlib
import re
import statistics
import subprocess
import sys

import check_layers

ROOT = pathlib.Path(__file__).resolve().parents[1]
LONG_FUNCTION, LONG_FUNCTIONS_MAX, FILE_LINES_MAX = 70, 3, 450

# file: its lines today, or what it does that only one place should
KNOWN_LONG_FILES = {}
KNOWN_READERS_OF_THE_ENVIRONMENT = {
    "src/adapters/files/service_control.cc": "hands the daemon's own environment to reload commands",
}

NOT_CODE = re.compile(
    r'R"(?P<mark>[^()\s\\]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/', re.DOTALL)
NO_FUNCTION = re.compile(r"^\s*(?:namespace|class|struct|union|enum|extern)\b|=\s*$")
REMARK = re.compile(r"//[^\n]*")
# How a setting is declared: .Integer("cycle.max_concurrent", ...).From("MAX_CONCURRENT_IMPROVEMENTS").
DECLARED_PATH = re.compile(r'\.[A-Z]\w*\(\s*"([a-z_]+(?:\.[a-z_]+)+)"')
VARIABLE = re.compile(r'\w\(\s*"([A-Z][A-Z0-9]*_[A-Z0-9_]+)"')


def sources():
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.cc", "*.h"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout.split("\0")
    return {path: (ROOT / path).read_text() for path in sorted(listed) if path and (ROOT / path).exists()}


def is_production(path):
    return path.startswith("src/") and not path.endswith("_test.cc")


def code_only(text):
    """The text without what comments and strings hold; lines stay where they are."""
    return NOT_CODE.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


def functions(text):
    """(line, lines) of each function body that is not inside of another one."""
    code = re.sub(r"^[ \t]*#.*?(?<!\\)$", lambda m: re.sub(r"[^\n]", " ", m.group(0)), code_only(text), flags=re.MULTILINE | re.DOTALL)
    found, inside, depth, start = [], None, 0, 0  # `inside`: depth and line of the function that is open
    for at in (m.start() for m in re.finditer(r"[{};]", code)):
        char = code[at]
        head, begin = code[start:at], start
        if char == "{":
            depth += 1
            if inside is None and ")" in head and not NO_FUNCTION.search(head):
                begin += len(head) - len(head.lstrip())
                inside = (depth, code.count("\n", 0, begin) + 1)
        elif char == "}":
            if inside and inside[0] == depth:
                last = code.count("\n", 0, at) + 1
                found.append((inside[1], last - inside[1] + 1))
                inside = None
            depth -= 1
        if char != ";" or inside is not None or code.count("(", start, at) <= code.count(")", start, at):
            start = at + 1
    return found


def upward_includes():
    modules = check_layers.modules()
    layer = lambda folder: check_layers.LAYERS.get(folder.split("/")[0])
    count = 0
    for folder in modules:
        for file in (check_layers.SRC / folder).glob("*.[hc]*"):
            for included in re.findall(r'^#include "([^"]+)"', file.read_text(), re.MULTILINE):
                count += (layer(included) or 0) > layer(folder)
    return count


def check_known(what, found, known, problems):
    """What was found beyond a limit must be known, with no greater a figure; what is known must be found."""
    for path, value in found.items():
        if path not in known:
            problems.append(f"{path}: {what(value)}")
        elif isinstance(value, int) and value > known[path]:
            problems.append(f"{path}: {what(value)}, it was {known[path]}: known ones only shrink")
    for path in known.keys() - found.keys():
        problems.append(f"{path}: is no longer over the limit; take it out of tools/check_figures.py")


def check_settings(files, problems):
    production = {path: text for path, text in files.items() if is_production(path)}
    readers = {path: None for path, text in production.items()
               if re.search(r"\b(?:environ|getenv|secure_getenv)\b", code_only(text))}
    unknown = {path: None for path in readers if path not in KNOWN_READERS_OF_THE_ENVIRONMENT}
    check_known(None, {p: None for p in readers if p not in unknown}, KNOWN_READERS_OF_THE_ENVIRONMENT, problems)
    if len(unknown) > 1:
        problems.append("the environment is asked for in more than one place: " + ", ".join(unknown))
    parsers = {str(pathlib.Path(path).parent) for path, text in production.items() if "#include <toml++/" in text}
    if len(parsers) > 1:
        problems.append("the configuration's language is parsed in more than one module: " + ", ".join(sorted(parsers)))
    paths, variables = [], {}
    for path, text in production.items():
        text = REMARK.sub("", text)
        paths += DECLARED_PATH.findall(text)
        for name in VARIABLE.findall(text):
            variables.setdefault(name, []).append(path)
    declared = {name for name, where in variables.items() if any(w.startswith("src/app/") or "settings" in w for w in where)}
    twice = {path: [] for path in paths if paths.count(path) > 1} | {n: variables[n] for n in declared if len(variables[n]) > 1}
    problems += [f"{name} is named in more than one place: {', '.join(where)}" for name, where in twice.items()]
    return len(unknown), len(parsers), len(set(paths)) + len(declared), len(twice)


def main():
    files, problems = sources(), []
    upward = upward_includes()
    if upward:
        problems.append(f"{upward} includes go upward; tools/check_layers.py names them")
    lengths = {(path, line): lines for path, text in files.items() for line, lines in functions(text)}
    long = {place: lines for place, lines in lengths.items() if lines > LONG_FUNCTION}
    if len(long) > LONG_FUNCTIONS_MAX:
        problems += [f"{path}:{line}: a function of {lines} lines" for (path, line), lines in long.items()]
    sizes = {path: text.count("\n") for path, text in files.items()}
    check_known(lambda lines: f"{lines} lines, more than {FILE_LINES_MAX}",
                {p: n for p, n in sizes.items() if n > FILE_LINES_MAX}, KNOWN_LONG_FILES, problems)
    readers, parsers, names, twice = check_settings(files, problems)

    print(f"upward includes                 {upward:6} (at most 0)")
    print(f"functions over {LONG_FUNCTION} lines         {len(long):6} (at most {LONG_FUNCTIONS_MAX}; {len(lengths)} functions, "
          f"median {statistics.median(lengths.values()):.0f} lines, longest {max(lengths.values())})")
    longest = max(sizes, key=sizes.get)
    print(f"lines of the longest file       {sizes[longest]:6} (at most {FILE_LINES_MAX}; {longest}; known above it: {len(KNOWN_LONG_FILES)})")
    print(f"places that ask the environment {readers:6} (at most 1; known besides: {len(KNOWN_READERS_OF_THE_ENVIRONMENT)})")
    print(f"modules that parse TOML         {parsers:6} (at most 1)")
    print(f"settings named more than once   {twice:6} (at most 0; {names} paths and variables)")
    if "--all" in sys.argv:
        for (path, line), lines in sorted(lengths.items(), key=lambda item: -item[1])[:20]:
            print(f"  {lines:4} lines: {path}:{line}")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
