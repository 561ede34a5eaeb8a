"""The routes of the service: from a request's path to an answer. Knows no sockets."""

import re

from . import actions, search, summaries
from .recent import Recent
from .store import Store


class NotFound(Exception):
    """There is no such thing, or it belongs to another tenant."""


class Api:
    """Answers requests; one instance for each loaded version of the code."""

    def __init__(self, database, telemetry):
        self.telemetry = telemetry
        self.store = Store(database, telemetry.span)
        self.participants = Recent(seconds=2, most=8, count=telemetry.count)
        self.routes = [
            (re.compile(r"^GET /meetings/(\d+)/summary$"), "meeting.summary", self.summary),
            (re.compile(r"^GET /meetings/(\d+)/actions$"), "meeting.actions", self.action_items),
            (re.compile(r"^GET /meetings/(\d+)$"), "meeting.show", self.show),
            (re.compile(r"^POST /meetings$"), "meeting.create", self.create),
            (re.compile(r"^GET /search$"), "meeting.search", self.search),
        ]

    def route(self, method, path):
        """The operation's name and a function of (tenant, arguments) for the request."""
        for pattern, operation, handler in self.routes:
            match = pattern.match(method + " " + path)
            if match:
                groups = match.groups()
                return operation, lambda tenant, arguments: handler(tenant, *groups, **arguments)
        raise NotFound(path)

    def find(self, tenant, identifier):
        meeting = self.store.meeting(tenant, int(identifier))
        if meeting is None:
            raise NotFound("meeting " + identifier)
        return meeting

    def call(self, function, arguments, *values):
        """Calls a function inside a span that names it and what it is called with."""
        with self.telemetry.call_span(function, arguments):
            return function(*values)

    def summary(self, tenant, identifier, sentences="3"):
        meeting = self.find(tenant, identifier)
        lines = self.call(summaries.summarize, {"meeting.id": identifier, "sentences": sentences},
                          meeting["transcript"], int(sentences))
        return {"id": meeting["id"], "title": meeting["title"], "summary": lines}

    def action_items(self, tenant, identifier):
        meeting = self.find(tenant, identifier)
        return {"id": meeting["id"], "actions": actions.describe_all(meeting["actions"], self.telemetry.exception)}

    def show(self, tenant, identifier):
        meeting = self.find(tenant, identifier)
        people = self.participants.get(tenant, meeting["id"], lambda: self.store.participants(meeting["id"]))
        return {"id": meeting["id"], "title": meeting["title"], "participants": people}

    def create(self, tenant, title="", transcript="", participants=(), actions=()):
        texts = [title, transcript, *participants]
        if not title or not all(isinstance(text, str) for text in texts) or not all(isinstance(item, dict) for item in actions):
            raise TypeError("a meeting has a title, a transcript, names of participants, and actions as objects")
        return {"id": self.store.add(tenant, {"title": title, "transcript": transcript, "participants": list(participants),
                                              "actions": list(actions)})}

    def search(self, tenant, q=""):
        index = search.SearchIndex(self.store.meetings(tenant))
        return {"results": self.call(index.search, {"query": q}, q)}
