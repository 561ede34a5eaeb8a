import unittest

from meeting.telemetry import Telemetry


class TelemetryTest(unittest.TestCase):
    def setUp(self):
        self.telemetry = Telemetry("", "test")
        self.telemetry.endpoint = "http://collector.invalid"  # it collects; `send` does not send here
        self.sent = {}
        self.telemetry.send = self.sent.__setitem__

    def metrics(self):
        self.telemetry.flush()
        return {m["name"]: m for m in self.sent["metrics"]["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]}

    def test_a_request_is_a_span_and_a_duration(self):
        with self.telemetry.request("acme", "meeting.show") as span:
            span.values["http.response.status_code"] = 404
        (point,) = self.metrics()["http.server.request.duration"]["histogram"]["dataPoints"]
        self.assertEqual(point["count"], "1")
        self.assertEqual(sum(map(int, point["bucketCounts"])), 1)
        self.assertIn({"key": "http.response.status_code", "value": {"intValue": "404"}}, point["attributes"])
        self.assertEqual(self.sent["traces"]["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"], "meeting.show")

    def test_durations_count_from_the_last_export(self):
        with self.telemetry.request("acme", "meeting.show"):
            pass
        self.telemetry.flush()
        self.telemetry.count("requests", "acme")
        self.assertEqual(list(self.metrics()), ["requests"])
