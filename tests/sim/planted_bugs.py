#!/usr/bin/env python3
"""Shows that the simulation bites: takes safeguards out of the production code, one at a time, and
demands that some seed breaks a promise.

    planted_bugs.py BUILD_DIR [--change] [--seeds N] [--only NAME]

Each planted bug is a replacement in one source file. The file is compiled with the build's own
command and linked before the libraries, so that it takes the place of the sound object. As many are
tried at once as there are cores; the compiler cache knows those whose source is as it was.

--change tries what a change may have touched: the bugs whose file or whose row here differs from
where the work left main (on main: from the commit before), and of the others every fifth, by turns
from commit to commit. RATCHET_TEST_BASE names another commit to compare with. Where the history is
not at hand, all.

Exit code 0: every bug was found; 1: one was not, or a safeguard is no longer where this list says
it is.
"""

import argparse
import ast
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TURNS = 5

# name, file, what stands there, what is planted
BUGS = [
    ("no fsync at commit", "src/adapters/sqlite/database.cc",
     '"PRAGMA synchronous=FULL"', '"PRAGMA synchronous=OFF"'),
    ("no transaction", "src/adapters/sqlite/sqlite_state_store.cc",
     "  TRY_STATUS(scope.Begin());\n  TRY_STATUS(Write(transaction));\n  return scope.Commit();",
     "  return Write(transaction);"),
    ("effects are not persisted", "src/engine/engine.cc",
     "if (effects_.emplace(effect.key, stored).second) tx.effects.push_back(stored);",
     "(void)tx; effects_.emplace(effect.key, stored);"),
    ("a late answer is applied to any state", "src/core/cycle/advance.cc",
     "if (std::ranges::find(statuses, state().status) != statuses.end()) return {};",
     "if (std::ranges::find(statuses, state().status) != statuses.end() || true) return {};"),
    ("deployments do not compare before they swap", "src/core/deployment/tree_step.h",
     "if (tree.seen == tree.expected) return TreeStep::kWrite;\n  return TreeStep::kLeaveAlone;",
     "return TreeStep::kWrite;"),
    ("a watch does not look at the tree", "src/engine/performer.cc",
     "if (tree && tree->hash != watch.version_after) return ChangedByOthers(job, tree->hash);",
     ""),
    ("telemetry is believed whose component it is of", "src/engine/engine_events.cc",
     "if (BelongsTo(component, opportunity.tenant)) return true;", "return true;"),
    ("slots are not counted", "src/core/cycle/admission.cc",
     "return all < limits_.concurrent_max && tenant < tenant_max;", "return tenant < tenant_max;"),
    ("tenants' limits are not counted", "src/core/cycle/admission.cc",
     "return all < limits_.concurrent_max && tenant < tenant_max;",
     "(void)tenant_max; return all < limits_.concurrent_max;"),
    ("two improvements on one component", "src/core/cycle/admission.cc",
     "const bool busy = OccupiesComponent(other->status) || HoldsSlot(other->status);",
     "const bool busy = false;"),
    ("unapproved changes are deployed", "src/core/cycle/admission.cc",
     "if (deploy && !wanted->approval) continue;", "if (deploy) const_cast<Improvement*>(wanted)->approval = Approval{\"bug\", {}};"),
    ("the kill switch is not durable", "src/engine/engine_commands.cc",
     "  Transaction tx;\n  tx.system = system_;\n  AddAudit(tx, who.name, \"system.stopped\", \"{}\");",
     "  Transaction tx;\n  AddAudit(tx, who.name, \"system.stopped\", \"{}\");"),
    ("the kill switch does not hold work on its way", "src/engine/performer.cc",
     "if (job.hold && job.effect.kind != EffectKind::kDeploy && job.hold()) return Held{};", ""),
    ("money is not reserved", "src/engine/engine.cc",
     "tx.reservations.push_back({ReservationKey(stored), day, bound});", ""),
    ("a repeated generation is not counted", "src/engine/engine_open.cc",
     "    ++stored.attempts;\n", ""),
    ("unanswered effects are not started again", "src/engine/engine_open.cc",
     "  TRY_STATUS(EndMisfits());\n  TRY_STATUS(StartPending());",
     "  TRY_STATUS(EndMisfits());\n  for (auto& [k, s] : effects_) running_[k] = 0;"),
    ("timers are not persisted", "src/adapters/sqlite/sqlite_state_store.cc",
     "for (const auto& timer : tx.timers_set) {",
     "for (const auto& timer : std::vector<cycle::Timer>{}) {"),
    ("what was taken back is deployed again", "src/engine/engine.cc",
     "if (!before) return {};", "if (!before || true) return {};"),
    ("others' releases between two improvements are not noticed", "src/engine/engine_events.cc",
     "if (busy || known || outdated) return;", "return;"),
    ("baselines reach back beyond others' releases", "src/engine/performer.cc",
     "std::max(there_since, job.target_changed_at.value_or(Instant()))",
     "job.target_changed_at.value_or(Instant()); (void)there_since"),
    ("two things are done to a component at once", "src/engine/engine.cc",
     "if (component.empty() || touched.insert(component).second) keys.push_back(key);",
     "keys.push_back(key);"),
    ("an effect stays held that was stopped and resumed meanwhile", "src/engine/engine_events.cc",
     "if (system_.stopped) held_.insert(key);", "held_.insert(key);"),
    ("any key may approve", "src/core/cycle/advance.cc",
     "if (event.role < needed) {", "if (false) {"),
    ("unproven changes are kept", "src/core/monitoring/judge.cc",
     "} else if (gain.high < 0) {", "} else if (gain.high < 1e9) {"),
    # Shares.
    ("a canary is promoted at its first look", "src/core/cycle/watch_advance.cc",
     "      policy.duration = state().steps.at(static_cast<size_t>(state().step)).duration;",
     "      policy.duration = Duration(0), policy.looks_min = 0;"),
    ("a canary gets everybody at once", "src/core/cycle/watch_advance.cc",
     "wanted.share = watch.steps.at(static_cast<size_t>(step)).share;", "(void)step;"),
    ("baselines reach back into smaller shares", "src/core/cycle/watch_advance.cc",
     "    step_.expected_version = state().version_after;  // its share before is no baseline either\n", ""),
    ("deeds have no fence", "src/core/cycle/watch_advance.cc",
     "    ++state().fence;\n", ""),
    ("the fence of a target is forgotten", "src/engine/engine_apply.cc",
     "  target.fence = watch.fence;\n", ""),
    ("looks are not stored", "src/adapters/sqlite/sqlite_state_store.cc",
     "for (const StoredLook& look : tx.looks) TRY_STATUS(sqlite::WriteLook(*db_, look));", ""),
    # Changed configuration.
    ("a watch is judged by the policy of now", "src/engine/engine_open.cc",
     "    if (!watch.component.id.empty()) continue;\n", ""),
    ("the mechanics of a watch are not stored", "src/engine/engine_apply.cc",
     "watch.component = config_.components.at(watch.target.component);",
     "watch.component.id = watch.target.component;"),
    ("a removed component is not watched", "src/engine/engine.cc",
     "    if (configured != config_.components.end()) job.watch->component = configured->second;",
     "    if (configured == config_.components.end()) return;\n    job.watch->component = configured->second;"),
    ("a change for one tenant becomes everybody's", "src/engine/engine_open.cc",
     "      TRY_STATUS(Apply(std::pair(improvement.id, cycle::Outdated{why}), std::nullopt));\n", ""),
    # Files.
    ("the version that is there is not looked at", "src/engine/performer.cc",
     "return same ? std::min(known->second.changed_at, tree.changed_at) : tree.changed_at;",
     "return known == seen.end() ? tree.changed_at : known->second.changed_at;"),
    ("an interrupted deployment is believed not to have been", "src/engine/performer.cc",
     "const auto touched = job.begun ? cycle::Touched::kYes : cycle::Touched::kNo;",
     "const auto touched = cycle::Touched::kNo;"),
    # Endings.
    ("watches are not persisted", "src/adapters/sqlite/sqlite_state_store.cc",
     'TRY_STATUS(put("watch", watch.id.value, watch.tenant, IsOpen(watch), ToText(json)));',
     'TRY_STATUS(put("watch", watch.id.value, watch.tenant, false, ToText(json)));'),
    ("outcomes are not remembered", "src/core/cycle/advance.cc",
     "    step_.outcome = OutcomeNow();\n", ""),
    ("an improvement does not hear of its watch", "src/engine/engine_apply.cc",
     "if (step.signal && !state.improvement.empty()) Follow(state.improvement, *step.signal, tx);", ""),
]


def git(*arguments):
    """What git says, or None where it fails."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def base_of_change():
    """The commit with which this one is compared, or None where the history does not tell."""
    if given := os.environ.get("RATCHET_TEST_BASE"):
        return git("rev-parse", "--verify", "--quiet", given + "^{commit}")
    head = git("rev-parse", "HEAD")
    for main in ("origin/main", "main"):
        base = git("merge-base", "HEAD", main)
        if base and base != head:
            return base
    return git("rev-parse", "--verify", "--quiet", "HEAD^1")


def bugs_at(commit):
    """The list as it stood there."""
    text = git("show", "%s:%s" % (commit, pathlib.Path(__file__).resolve().relative_to(ROOT))) or ""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "BUGS":
            return ast.literal_eval(node.value)
    return []


def turn():
    """Goes on by one with each commit; a shallow clone cannot count them and takes one by its name."""
    if git("rev-parse", "--is-shallow-repository") == "false":
        return int(git("rev-list", "--count", "HEAD")) % TURNS
    return int(git("rev-parse", "HEAD")[:8], 16) % TURNS


def bugs_of_change():
    base = base_of_change()
    if base is None:
        print("planted bugs: all, for the history is not at hand")
        return BUGS
    files = set(git("diff", "--name-only", base).splitlines())
    before = bugs_at(base)
    touched = [bug for bug in BUGS if bug[1] in files or bug not in before]
    others = [bug for bug in BUGS if bug not in touched]
    this_turn = others[turn()::TURNS]
    print("planted bugs: %d touched since %s, %d of the %d others by turns" % (len(touched), base[:10], len(this_turn), len(others)),
          flush=True)
    return touched + this_turn


def commands(build):
    database = json.loads((build / "compile_commands.json").read_text())
    compile_of = {pathlib.Path(c["file"]).resolve(): c for c in database}
    ninja = subprocess.run(["ninja", "-C", str(build), "-t", "commands", "tests/ratchet-sim"],
                           capture_output=True, text=True, check=True).stdout.strip().splitlines()
    return compile_of, ninja[-1]


def compile_with(command, original, source, target, include):
    words = shlex.split(command["command"])
    cleaned, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word in ("-o", "-MF", "-MT"):
            skip = True
        elif word == "-MD":
            pass
        elif pathlib.Path(word).suffix == ".cc" and pathlib.Path(word).resolve() == original:
            cleaned.append(str(source))
        else:
            cleaned.append(word)
    at = next(i for i, w in enumerate(cleaned) if w.startswith("-I"))
    cleaned[at:at] = [f"-I{include}"]
    if shutil.which("ccache") and "ccache" not in cleaned[0]:
        cleaned.insert(0, "ccache")
    # The planted bug may leave something unused; that is not what is tested.
    subprocess.run(cleaned + ["-Wno-error", "-w", "-o", str(target)], cwd=command["directory"], check=True)


def check_safeguards():
    """Every safeguard stands exactly once where the list says, so that taking it out means something."""
    for name, path, there, _ in BUGS:
        times = (ROOT / path).read_text().count(there)
        if times != 1:
            sys.exit(f"planted bug '{name}': {path} has the safeguard {times} times, not once")


def plant(bug, build, compile_of, link):
    """Gives the simulation with the bug in it. Its folder has the same name each time: the compiler cache minds."""
    _, path, there, planted = bug
    folder = build / "planted" / hashlib.sha256(repr(bug).encode()).hexdigest()[:12]
    original = ROOT / path
    include = folder / "include"
    mutated = include / pathlib.Path(path).relative_to("src")
    mutated.parent.mkdir(parents=True, exist_ok=True)
    mutated.write_text(original.read_text().replace(there, planted))
    sources = [original] if original.suffix == ".cc" else \
        [f for f in compile_of if "/src/" in str(f) or "/tests/sim/" in str(f)
         if f.exists() and path.removeprefix("src/") in f.read_text()]
    objects = []
    for source in sources:
        target = folder / (source.stem + ".o")
        compile_with(compile_of[source.resolve()], source.resolve(),
                     mutated if source == original else source, target, include)
        objects.append((source, target))
    words = shlex.split(link.replace("&& :", "").replace(": &&", ""))
    binary = folder / "ratchet-sim"
    words[words.index("-o") + 1] = str(binary)
    for source, target in objects:
        direct = [i for i, w in enumerate(words) if w.endswith("/" + source.name + ".o") and "tests" in w]
        if direct:
            words[direct[0]] = str(target)
        else:
            words.insert(words.index("-o"), str(target))
    subprocess.run(words, cwd=build, check=True)
    return binary


def search(bug, build, compile_of, link, seeds):
    """Gives whether the simulation finds the bug, and the line that tells it."""
    began = time.monotonic()
    binary = plant(bug, build, compile_of, link)
    planted = time.monotonic()
    run = subprocess.run([str(binary), "--seeds", str(seeds)], capture_output=True, text=True, timeout=900)
    binary.unlink()
    # A crash of the simulation itself proves nothing.
    found = run.returncode == 1 and run.stdout.lstrip("\r").startswith("seed ")
    said = run.stdout.strip().splitlines()[0] if found else f"ended with {run.returncode} {run.stderr.strip()[-300:]}"
    return found, "%s  %5.1f + %5.1f s  %s: %s" % ("found " if found else "MISSED", planted - began, time.monotonic() - planted,
                                                 bug[0], said)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path, nargs="?", help="left out: only check the list")
    parser.add_argument("--change", action="store_true")
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--only")
    options = parser.parse_args()
    check_safeguards()
    if options.build is None:
        return 0
    build = options.build.resolve()
    compile_of, link = commands(build)
    bugs = [b for b in (bugs_of_change() if options.change else BUGS) if options.only in (None, b[0])]
    missed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in concurrent.futures.as_completed([pool.submit(search, b, build, compile_of, link, options.seeds) for b in bugs]):
            found, told = done.result()
            missed += not found
            print(told, flush=True)
    print(f"planted bugs: {len(bugs) - missed} passed, {missed} failed (seconds: to plant + to find)")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
