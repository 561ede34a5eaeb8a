"""The routes of the service: from a request's path to an answer. Knows no sockets."""

import re

from . import actions, search, summaries
from .store import Store


class NotFound(Exception):
    """There is no such thing, or it belongs to another tenant."""


class Api:
    """Answers requests; one instance for each loaded version of the code."""

    def __init__(self, database, telemetry):
        self.telemetry = telemetry
        self.store = Store(database, telemetry.span)
        self.routes = [
            (re.compile(r"^/meetings/(\d+)/summary$"), "meeting.summary", self.summary),
            (re.compile(r"^/meetings/(\d+)/actions$"), "meeting.actions", self.action_items),
            (re.compile(r"^/meetings/(\d+)$"), "meeting.show", self.show),
            (re.compile(r"^/search$"), "meeting.search", self.search),
        ]

    def route(self, path):
        """The operation's name and a function of (tenant, query) for the path."""
        for pattern, operation, handler in self.routes:
            match = pattern.match(path)
            if match:
                groups = match.groups()
                return operation, lambda tenant, query: handler(tenant, *groups, **query)
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
        return {"id": meeting["id"], "title": meeting["title"], "participants": self.store.participants(meeting["id"])}

    def search(self, tenant, q=""):
        index = search.SearchIndex(self.store.meetings(tenant))
        return {"results": self.call(index.search, {"query": q}, q)}
