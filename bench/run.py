#!/usr/bin/env python3
"""Speed against named peers in the same run: ./dev bench [sandbox|gates|rollback|idle|look] [--json FILE]

Every figure is the median of five runs or more, taken in turns with its peer; what is asked of it is
written beside it.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/release"
RUNS = 7


def timed(command, **kwargs):
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **kwargs)
    return (time.perf_counter() - began) * 1000


def inside(name, file=""):
    done = subprocess.run([BUILD / "bench/ratchet-bench", "--benchmark_filter=^%s" % name, "--benchmark_format=json",
                           "--benchmark_min_time=0.3"], capture_output=True, text=True, check=True,
                          env={**os.environ, "RATCHET_BENCH_FILE": str(file)})
    return json.loads(done.stdout)["benchmarks"][0]["real_time"]


def in_turns(*measures):
    rounds = [[measure() for measure in measures] for _ in range(RUNS)]
    return [{"median": statistics.median(column), "min": min(column), "max": max(column)} for column in zip(*rounds)]


def sandbox():
    bare = ["bwrap", "--unshare-all", "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
            "--proc", "/proc", "--dev", "/dev", "/usr/bin/true"]
    own, peer = in_turns(lambda: inside("SandboxStart"), lambda: timed(bare))
    return {"figures": {"ratchet_ms": own}, "peers": {"bare bubblewrap_ms": peer},
            "ratios": {"ratchet/bubblewrap": own["median"] / peer["median"]}, "aim": "at most 30 ms"}


def gates():
    # A file of the size of the published figure, made of the example's own code.
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "code.py"
        text = "".join((ROOT / "examples/meeting_service" / name).read_text() for name in ("meeting/telemetry.py", "server.py"))
        file.write_text("".join(text.splitlines(keepends=True)[:326]))
        peer_command = ["/usr/bin/python3", "-m", "compileall", "-q", "-f", str(file)]
        own, peer = in_turns(lambda: inside("StaticGates", file), lambda: timed(peer_command))
    return {"figures": {"ratchet_ms": own, "lines": 326}, "peers": {"python -m compileall_ms (syntax only)": peer},
            "ratios": {"compileall/ratchet": peer["median"] / own["median"]}, "aim": "at most 20 ms, warm"}


def rollback():
    (own,) = in_turns(lambda: inside("VerdictToOldVersion"))
    return {"figures": {"ratchet_ms": own}, "peers": {}, "ratios": {}, "aim": "at most 1,000 ms, the service's own reload excluded"}


def idle():
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "ratchet.toml"
        config.write_text('state_dir = "state"\n[http]\nport = 0\n[otlp]\nport = 0\n')
        daemon = subprocess.Popen([BUILD / "ratchet", "-c", config, "run"], stdout=subprocess.DEVNULL)
        try:
            time.sleep(3)
            ticks = lambda: sum(map(int, pathlib.Path("/proc/%d/stat" % daemon.pid).read_text().rsplit(")", 1)[1].split()[11:13]))
            before, began = ticks(), time.time()
            print("watching the idle daemon for 20 s ...", file=sys.stderr)
            time.sleep(20)
            cpu = (ticks() - before) / os.sysconf("SC_CLK_TCK") / (time.time() - began) * 100
            status = pathlib.Path("/proc/%d/status" % daemon.pid).read_text()
            memory = int(next(l for l in status.splitlines() if l.startswith("VmRSS")).split()[1]) / 1024
        finally:
            daemon.terminate()
            daemon.wait()
    return {"figures": {"memory_mb": memory, "cpu_pct_of_a_core": cpu}, "peers": {}, "ratios": {}, "aim": "at most 50 MB, at most 1 % of one core"}


def look():
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([BUILD / "bench/ratchet-bench-look", OPTIONS.folder or folder, str(OPTIONS.series), str(OPTIONS.days),
                               str(OPTIONS.resolution)], stdout=subprocess.PIPE, text=True, check=True)
    figures = json.loads(done.stdout)
    return {"figures": figures, "peers": {}, "ratios": {}, "aim": "a look at most 50 ms, the writer waits at most 20 ms"}


BENCHES = {"sandbox": sandbox, "gates": gates, "rollback": rollback, "idle": idle, "look": look}
OPTIONS = argparse.Namespace()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--series", type=int, default=10_000, help="look: how many series")
    parser.add_argument("--days", type=int, default=7, help="look: of telemetry")
    parser.add_argument("--resolution", type=int, default=60, help="look: seconds a bucket")
    parser.add_argument("--folder", help="look: where the telemetry file is kept; default: nowhere")
    options = parser.parse_args(namespace=OPTIONS)
    results = []
    # A look at the size that counts takes minutes to prepare: only when it is named.
    for name in options.names or [name for name in BENCHES if name != "look"]:
        print("bench %s ..." % name, file=sys.stderr)
        result = {"bench": name, "machine": "%s, %d cores" % (platform.platform(), os.cpu_count()), **BENCHES[name]()}
        results.append(result)
        print("%-10s %s\n           peers %s\n           ratios %s\n           aim: %s" % (
            name, json.dumps(result["figures"]), json.dumps(result["peers"]), json.dumps(result["ratios"]), result["aim"]))
    if options.json:
        options.json.write_text(json.dumps(results[0] if len(results) == 1 else results, indent=2) + "\n")


if __name__ == "__main__":
    main()
