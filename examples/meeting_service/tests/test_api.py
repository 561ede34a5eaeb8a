import pathlib
import tempfile
import unittest

from meeting.api import Api, NotFound
from meeting.telemetry import Telemetry

MEETING = {"title": "Weekly budget", "transcript": "Ada spoke. Ken spoke too.", "participants": ["Ada", "Ken"],
           "actions": [{"owner": "Ada", "task": "send slides", "due": "Friday"}, {"owner": "Ken", "task": "nothing"},
                       {"owner": None, "task": "x", "due": "Monday"}]}


class ApiTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.telemetry = Telemetry("", "test")
        self.api = Api(str(pathlib.Path(self.folder.name) / "m.db"), self.telemetry)
        self.identifier = self.api.store.add("acme", MEETING)

    def tearDown(self):
        self.api.store.connection().close()
        self.folder.cleanup()

    def get(self, path, tenant="acme", **query):
        return self.ask("GET", path, tenant, query)

    def ask(self, method, path, tenant, arguments):
        operation, handler = self.api.route(method, path)
        with self.telemetry.request(tenant, operation):
            return handler(tenant, arguments)

    def test_summary(self):
        self.assertEqual(self.get("/meetings/1/summary", sentences="1")["summary"], ["Ada spoke."])

    def test_participants(self):
        self.assertEqual([p["name"] for p in self.get("/meetings/1")["participants"]], ["Ada", "Ken"])

    def test_incomplete_actions_are_left_out_and_logged(self):
        self.assertEqual(self.get("/meetings/1/actions")["actions"], ["Ada: send slides (until Friday)"])
        self.assertEqual(len(self.telemetry.logs), 2)

    def test_search(self):
        self.assertEqual(self.get("/search", q="budget")["results"][0]["id"], 1)

    def test_another_tenant_sees_nothing(self):
        with self.assertRaises(NotFound):
            self.get("/meetings/1", tenant="globex")
        self.assertEqual(self.get("/search", tenant="globex", q="budget")["results"], [])

    def test_unknown_path(self):
        with self.assertRaises(NotFound):
            self.api.route("GET", "/nothing")
        with self.assertRaises(NotFound):
            self.api.route("POST", "/search")

    def test_a_meeting_is_created(self):
        identifier = self.ask("POST", "/meetings", "globex", MEETING)["id"]
        self.assertEqual(self.get("/meetings/%d" % identifier, tenant="globex")["title"], "Weekly budget")
        with self.assertRaises(NotFound):
            self.get("/meetings/%d" % identifier)

    def test_a_meeting_without_a_title_is_refused(self):
        for wrong in ({}, {"title": 3}, {"title": "x", "participants": [1]}, {"title": "x", "actions": ["y"]}):
            with self.assertRaises(TypeError):
                self.ask("POST", "/meetings", "acme", wrong)

    def test_participants_are_remembered_for_a_moment(self):
        first, again = self.get("/meetings/1"), self.get("/meetings/1")
        self.assertEqual(first, again)
        self.assertEqual(self.telemetry.counters, {("cache.misses", "acme"): 1, ("cache.hits", "acme"): 1})
