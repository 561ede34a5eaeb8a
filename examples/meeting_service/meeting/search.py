"""Search in the meetings of one tenant."""

import re

TERM = re.compile(r"[a-z0-9]+")


class SearchIndex:
    """Ranks meetings by how often and where they mention the words of a query."""

    def __init__(self, meetings):
        self.meetings = meetings

    def terms(self, text):
        """The distinct words of a text, in order of appearance."""
        found = []
        for term in TERM.findall(text.lower()):
            if term not in found:
                found.append(term)
        return found

    def score(self, meeting, query):
        """Words in the title count three times."""
        wanted = self.terms(query)
        title = self.terms(meeting["title"])
        body = self.terms(meeting["transcript"])
        return sum(3 for term in wanted if term in title) + sum(1 for term in wanted if term in body)

    def search(self, query, limit=5):
        """The best meetings, best first; meetings without any of the words are left out."""
        ranked = [(self.score(meeting, query), meeting["id"], meeting["title"]) for meeting in self.meetings]
        ranked = sorted((item for item in ranked if item[0] > 0), key=lambda item: (-item[0], item[1]))
        return [{"id": identifier, "title": title, "score": score} for score, identifier, title in ranked[:limit]]
