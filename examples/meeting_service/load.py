#!/usr/bin/env python3
"""An open-loop load generator: requests start when they are due, however slow the service is.

    load.py --url http://127.0.0.1:8080 --rate 40 --out requests.jsonl

Latency counts from the intended start. Keys and tenants are skewed. One JSON object a request:
{"due": seconds, "operation": ..., "ms": ..., "ok": ...}. Stops on SIGTERM, or after --seconds.

    load.py --url http://127.0.0.1:8080 --measure 3

sends the same mix one after the other for so many seconds and prints what one request takes, from which
follows how many a second the service can bear.
"""

import argparse
import http.client
import json
import queue
import random
import signal
import threading
import time
import urllib.parse

TENANTS = [("acme", 0.6), ("globex", 0.3), ("initech", 0.1)]
WORDS = ["budget report", "release schedule", "hiring", "incident alert", "roadmap", "security test", "pricing forecast"]
MIX = [("summary", 0.40), ("search", 0.25), ("show", 0.20), ("actions", 0.15)]


def pick(rng, weighted):
    return rng.choices([item for item, _ in weighted], [weight for _, weight in weighted])[0]


def skewed(rng, count):
    """An index below count; low ones are much more frequent (Zipf)."""
    return rng.choices(range(count), [1 / (index + 1) for index in range(count)])[0]


def make_request(rng, meetings):
    tenant = pick(rng, TENANTS)
    first = 1 + [name for name, _ in TENANTS].index(tenant) * meetings
    meeting = first + skewed(rng, meetings)
    kind = pick(rng, MIX)
    if kind == "search":
        return tenant, "search", "/search?" + urllib.parse.urlencode({"q": WORDS[skewed(rng, len(WORDS))]})
    return tenant, kind, "/meetings/%d%s" % (meeting, {"summary": "/summary", "show": "", "actions": "/actions"}[kind])


class Worker(threading.Thread):
    def __init__(self, address, jobs, results):
        super().__init__(daemon=True)
        self.address, self.jobs, self.results, self.connection = address, jobs, results, None

    def send(self, tenant, path):
        for attempt in (0, 1):
            fresh = self.connection is None
            try:
                if fresh:
                    self.connection = http.client.HTTPConnection(*self.address, timeout=20)
                self.connection.request("GET", path, headers={"X-Tenant": tenant})
                answer = self.connection.getresponse()
                answer.read()
                return answer.status == 200
            except (OSError, http.client.HTTPException):
                self.connection = None
                # An idle kept-alive connection may have been closed; a fresh one may not fail.
                if fresh or attempt == 1:
                    return False
        return False

    def run(self):
        while True:
            due, wall, tenant, operation, path = self.jobs.get()
            ok = self.send(tenant, path)
            self.results.put({"due": wall, "operation": operation, "ms": round((time.perf_counter() - due) * 1000, 3), "ok": ok})


def measure(url, rng, meetings, seconds):
    """Mean time of a request, in ms, when nothing else is going on."""
    worker = Worker((url.hostname, url.port), None, None)
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        tenant, _, path = make_request(rng, meetings)
        began = time.perf_counter()
        worker.send(tenant, path)
        times.append(time.perf_counter() - began)
    return {"requests": len(times), "mean_ms": round(1000 * sum(times) / len(times), 3)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--rate", type=float, default=40.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--meetings", type=int, default=12, help="a tenant")
    parser.add_argument("--measure", type=float, metavar="SECONDS", help="only say what one request takes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="/dev/stdout")
    options = parser.parse_args()
    url = urllib.parse.urlsplit(options.url)
    if options.measure:
        print(json.dumps(measure(url, random.Random(options.seed), options.meetings, options.measure)))
        return
    rng, jobs, results, stop = random.Random(options.seed), queue.Queue(), queue.Queue(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    for _ in range(48):
        Worker((url.hostname, url.port), jobs, results).start()
    began, due, sent, written = time.perf_counter(), 0.0, 0, 0
    offset = time.time() - began
    with open(options.out, "w", buffering=1) as out:
        while not stop.is_set() and due < options.seconds:
            due += rng.expovariate(options.rate)
            wait = began + due - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            jobs.put((began + due, offset + began + due) + make_request(rng, options.meetings))
            sent += 1
            while not results.empty():
                out.write(json.dumps(results.get()) + "\n")
                written += 1
        end = time.time() + 20
        while written < sent and time.time() < end:
            try:
                out.write(json.dumps(results.get(timeout=1)) + "\n")
                written += 1
            except queue.Empty:
                pass


if __name__ == "__main__":
    main()
