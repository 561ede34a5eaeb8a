#!/usr/bin/env python3
"""The demo on a copy of the example service in which every name of its domain is another one.

    renamed_demo.py --build build/release

What works only for the example's names does not work. What the demo says is the outcome.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/meeting_service"
NAMES = {"meeting": "parcel", "meetings": "parcels", "Meeting": "Parcel", "MEETING": "PARCEL", "MEETINGS": "PARCELS",
         "summary": "digest", "summaries": "digests", "summarize": "condense", "SummariesTest": "DigestsTest",
         "search": "lookup", "SearchIndex": "Finder", "SearchTest": "FinderTest", "transcript": "notes", "TRANSCRIPT": "NOTES",
         "participants": "receivers", "actions": "duties", "action_items": "duty_list", "describe": "phrase",
         "describe_all": "phrase_all", "content_words": "terms_of", "similarity": "overlap", "acme": "north", "globex": "south",
         "initech": "west", "STOP_WORDS": "FILLERS", "test_summaries": "test_digests", "test_search": "test_lookup",
         "max_sentences": "most", "Store": "Shelf", "Api": "Desk", "ApiTest": "DeskTest", "find": "fetch_one"}
WORDS = re.compile(r"\b(%s)\b" % "|".join(sorted(NAMES, key=len, reverse=True)))


def renamed(text):
    return WORDS.sub(lambda match: NAMES[match.group(1)], text)


def copy_renamed(target):
    for source in sorted(EXAMPLE.rglob("*")):
        relative = source.relative_to(EXAMPLE)
        if not source.is_file() or "__pycache__" in relative.parts or ".ratchet" in relative.parts:
            continue
        path = target / renamed(relative.as_posix())
        path.parent.mkdir(parents=True, exist_ok=True)
        if source.name == "replay_model.py":  # the stand-in for a model is no part of the service
            shutil.copy(source, path)
        else:
            path.write_text(renamed(source.read_text()))


def main():
    with tempfile.TemporaryDirectory(prefix="ratchet-renamed-") as target:
        copy_renamed(pathlib.Path(target))
        return subprocess.run(["/usr/bin/python3", "-B", ROOT / "tools/demo.py", *sys.argv[1:], "--service", target]).returncode


if __name__ == "__main__":
    sys.exit(main())
