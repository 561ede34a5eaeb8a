"""Meetings in SQLite. One connection a thread; every query is told to the telemetry."""

import json
import sqlite3
import threading

SCHEMA = """
CREATE TABLE IF NOT EXISTS meetings (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, title TEXT NOT NULL,
  transcript TEXT NOT NULL, actions TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS participants (meeting INTEGER NOT NULL, person INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS participants_by_meeting ON participants (meeting);
"""


class Store:
    """Reads and writes meetings; a meeting is seen by its own tenant only."""

    def __init__(self, path, span):
        self.path = path
        self.span = span
        self.local = threading.local()

    def connection(self):
        if not hasattr(self.local, "connection"):
            self.local.connection = sqlite3.connect(self.path)
            self.local.connection.row_factory = sqlite3.Row
            self.local.connection.executescript(SCHEMA)
        return self.local.connection

    def query(self, statement, parameters=()):
        with self.span("sqlite.query", {"db.system": "sqlite", "db.statement": statement}):
            return self.connection().execute(statement, parameters).fetchall()

    def add(self, tenant, meeting):
        """Adds a meeting with its participants and gives its id."""
        connection = self.connection()
        with connection:
            cursor = connection.execute(
                "INSERT INTO meetings (tenant, title, transcript, actions) VALUES (?, ?, ?, ?)",
                (tenant, meeting["title"], meeting["transcript"], json.dumps(meeting["actions"])))
            for name in meeting["participants"]:
                person = connection.execute("INSERT INTO people (name, email) VALUES (?, ?)",
                                            (name, name.lower() + "@example.org"))
                connection.execute("INSERT INTO participants VALUES (?, ?)", (cursor.lastrowid, person.lastrowid))
        return cursor.lastrowid

    def meeting(self, tenant, identifier):
        """The meeting, or None."""
        rows = self.query("SELECT id, title, transcript, actions FROM meetings WHERE tenant = ? AND id = ?",
                          (tenant, identifier))
        if not rows:
            return None
        return {"id": rows[0]["id"], "title": rows[0]["title"], "transcript": rows[0]["transcript"],
                "actions": json.loads(rows[0]["actions"])}

    def participants(self, identifier):
        people = []
        for row in self.query("SELECT person FROM participants WHERE meeting = ?", (identifier,)):
            found = self.query("SELECT name, email FROM people WHERE id = ?", (row["person"],))
            people.append({"name": found[0]["name"], "email": found[0]["email"]})
        return people

    def meetings(self, tenant):
        rows = self.query("SELECT id, title, transcript FROM meetings WHERE tenant = ? ORDER BY id", (tenant,))
        return [dict(row) for row in rows]
