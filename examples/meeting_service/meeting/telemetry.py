"""OpenTelemetry over HTTP and JSON, with the standard library only.

Spans, logs and counters are collected and sent once a second by a thread of its own; what cannot be
delivered is dropped and counted, the service never waits for its telemetry.
"""

import bisect
import contextlib
import contextvars
import gzip
import json
import random
import threading
import time
import traceback
import urllib.request

current = contextvars.ContextVar("current", default=None)
LIMIT = 20_000
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)  # seconds


def attributes(values):
    """Python values as OTLP attributes."""
    out = []
    for key, value in values.items():
        kind = "intValue" if isinstance(value, int) else "stringValue"
        out.append({"key": key, "value": {kind: str(value)}})
    return out


class Histogram:
    """How long requests took since the last export, in seconds."""

    def __init__(self):
        self.started, self.buckets, self.sum = time.time_ns(), [0] * (len(BOUNDS) + 1), 0.0

    def add(self, seconds):
        self.buckets[bisect.bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds

    def message(self, values):
        return {"startTimeUnixNano": str(self.started), "timeUnixNano": str(time.time_ns()), "count": str(sum(self.buckets)),
                "sum": self.sum, "bucketCounts": [str(count) for count in self.buckets], "explicitBounds": BOUNDS,
                "attributes": attributes(values)}


def code_of(function):
    """Where a function stands, as the semantic conventions name it."""
    code = getattr(getattr(function, "__wrapped__", function), "__code__")
    return {"code.function.name": function.__qualname__, "code.file.path": code.co_filename,
            "code.line.number": code.co_firstlineno}


class Span:
    def __init__(self, name, kind, parent, values):
        self.name, self.kind, self.values = name, kind, values
        self.trace = parent.trace if parent else "%032x" % random.getrandbits(128)
        self.parent = parent.id if parent else ""
        self.id = "%016x" % random.getrandbits(64)
        self.request = parent.request if parent else values
        self.start, self.began, self.failed = time.time_ns(), time.perf_counter_ns(), False

    def message(self):
        end = self.start + time.perf_counter_ns() - self.began
        return {"traceId": self.trace, "spanId": self.id, "parentSpanId": self.parent, "name": self.name,
                "kind": self.kind, "startTimeUnixNano": str(self.start), "endTimeUnixNano": str(end),
                "status": {"code": 2 if self.failed else 0}, "attributes": attributes(self.values)}


class Telemetry:
    """Collects and exports. Without an endpoint it collects nothing."""

    def __init__(self, endpoint, component):
        self.endpoint, self.component = endpoint, component
        self.lock, self.spans, self.logs, self.counters, self.durations = threading.Lock(), [], [], {}, {}
        self.started, self.dropped = time.time_ns(), 0
        if endpoint:
            threading.Thread(target=self.run, daemon=True).start()

    @contextlib.contextmanager
    def request(self, tenant, operation):
        """The span of one request; yields it so that its status can be set."""
        span = Span(operation, 2, None, {"tenant_id": tenant, "operation": operation, "http.route": operation})
        token = current.set(span)
        try:
            yield span
        except BaseException:
            span.failed = True
            raise
        finally:
            current.reset(token)
            self.keep(span)
            self.measure(span)

    @contextlib.contextmanager
    def span(self, name, values):
        """A part of the current request."""
        parent = current.get()
        if parent is None:
            yield None
            return
        own = {"tenant_id": parent.request["tenant_id"], "operation": parent.request["operation"]}
        span = Span(name, 1, parent, {**own, **values})
        token = current.set(span)
        try:
            yield span
        except BaseException:
            span.failed = True
            raise
        finally:
            current.reset(token)
            self.keep(span)

    def call_span(self, function, arguments):
        return self.span(function.__qualname__, {**code_of(function), **arguments})

    def exception(self, error):
        """Logs a handled exception with its stack trace."""
        parent = current.get()
        request = parent.request if parent else {}
        frame = traceback.extract_tb(error.__traceback__)[-1]
        values = {"tenant_id": request.get("tenant_id", ""), "operation": request.get("operation", ""),
                  "exception.type": type(error).__name__, "exception.message": str(error),
                  "exception.stacktrace": "".join(traceback.format_exception(error)),
                  "code.file.path": frame.filename, "code.function.name": frame.name, "code.line.number": frame.lineno}
        message = {"timeUnixNano": str(time.time_ns()), "severityNumber": 17, "body": {"stringValue": str(error)},
                   "attributes": attributes(values)}
        with self.lock:
            self.logs.append(message)

    def count(self, name, tenant):
        with self.lock:
            self.counters[name, tenant] = self.counters.get((name, tenant), 0) + 1

    def keep(self, span):
        if not self.endpoint:
            return
        message = span.message()
        with self.lock:
            if len(self.spans) < LIMIT:
                self.spans.append(message)
            else:
                self.dropped += 1

    def measure(self, span):
        if not self.endpoint:
            return
        key = span.values["tenant_id"], span.values["operation"], span.values.get("http.response.status_code", 500)
        with self.lock:
            self.durations.setdefault(key, Histogram()).add((time.perf_counter_ns() - span.began) / 1e9)

    def run(self):
        while True:
            time.sleep(1)
            self.flush()

    def flush(self):
        with self.lock:
            spans, self.spans = self.spans, []
            logs, self.logs = self.logs, []
            durations, self.durations = self.durations, {}
            counters = dict(self.counters)
        resource = {"attributes": attributes({"service.name": self.component, "component": self.component})}
        if spans:
            self.send("traces", {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]})
        if logs:
            self.send("logs", {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": logs}]}]})
        metrics = [{"name": name, "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [
            {"timeUnixNano": str(time.time_ns()), "startTimeUnixNano": str(self.started), "asInt": str(value),
             "attributes": attributes({"tenant_id": tenant})}]}} for (name, tenant), value in counters.items()]
        if durations:
            metrics.append({"name": "http.server.request.duration", "unit": "s", "histogram": {
                "aggregationTemporality": 1, "dataPoints": [histogram.message({
                    "tenant_id": tenant, "operation": operation, "http.response.status_code": status})
                    for (tenant, operation, status), histogram in durations.items()]}})
        if metrics:
            self.send("metrics", {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": metrics}]}]})

    def send(self, signal, message):
        body = gzip.compress(json.dumps(message).encode(), 1)
        request = urllib.request.Request(self.endpoint + "/v1/" + signal, body, {
            "Content-Type": "application/json", "Content-Encoding": "gzip"})
        try:
            urllib.request.urlopen(request, timeout=5).read()
        except OSError:
            self.dropped += 1
