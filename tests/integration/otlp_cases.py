"""Telemetry: hostile bodies, and OpenTelemetry's own exporters as the peer."""

import gzip
import json
import subprocess
import time

from bench import ROOT, Bench


def test_hostile_otlp_bodies():
    with Bench() as b:
        b.start()
        send = lambda body, **headers: b.http("POST", "/v1/traces", body, port=b.otlp, headers={"Content-Type": "application/json", **headers})[0]
        assert send(b"{}") == 200
        assert send(b"{") == 400
        assert send(b"\xff\xfe") == 400
        assert send(b"[" * 200_000) == 400
        assert send(gzip.compress(b" " * (100 << 20)), **{"Content-Encoding": "gzip"}) == 413
        assert send(gzip.compress(b"{}")[:-4], **{"Content-Encoding": "gzip"}) == 400
        assert send(b" " * (17 << 20)) == 413
        assert send(b"{}", **{"Content-Type": "application/x-protobuf"}) == 415
        assert b.http("GET", "/health")[0] == 200


def test_a_client_that_we_did_not_write_is_understood():
    with Bench('[telemetry]\nresolution = "1s"\ndelay = "0s"\n[analysis]\ncurrent = "5m"\n') as b:
        b.start()
        client = ROOT / ".deps/otlp_client/send.mjs"
        sent = subprocess.run(["node", str(client), "http://127.0.0.1:%d" % b.otlp], capture_output=True, text=True, timeout=60)
        assert sent.returncode == 0, sent.stderr
        time.sleep(1.1)
        assert b.run("cycle", "--max", "0").returncode == 0
        insights = b.wait(lambda: json.loads(b.run("insights", "--json").stdout))
        found = {(i["kind"], i["tenant"], i["component"], i["operation"]) for i in insights}
        assert ("repeated_calls", "acme", "shop", "/orders") in found, found
        assert ("recurring_exception", "acme", "shop", "/orders") in found, found
        repeated = next(i for i in insights if i["kind"] == "repeated_calls")
        assert (repeated["code"]["file"], repeated["code"]["function"], repeated["code"]["line"]) == ("shop/prices.js", "price", 7), repeated
        evidence = {e["name"]: e["value"] for e in repeated["evidence"]}
        assert evidence["calls"] == 300 and abs(evidence["call_mean_ms"] - 30) < 0.5, evidence
        exception = next(i for i in insights if i["kind"] == "recurring_exception")
        assert exception["evidence"][0]["name"] == "occurrences" and exception["evidence"][0]["value"] == 40, exception
        assert "RangeError" in exception["summary"] and "send.mjs" in exception["example"], exception
        counted = json.loads(b.run("report", "--json").stdout)["telemetry_analyzed"]
        assert counted["logs"] == 80 and counted["metrics"] == 601, counted  # 40 told twice; 600 spans, one histogram
