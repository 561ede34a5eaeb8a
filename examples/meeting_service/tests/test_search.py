import threading
import unittest

from meeting.search import SearchIndex

MEETINGS = [
    {"id": 1, "title": "Weekly budget", "transcript": "We spoke of the release and the budget."},
    {"id": 2, "title": "Release plan", "transcript": "The budget was not a topic."},
    {"id": 3, "title": "Lunch", "transcript": "Soup."},
]


class SearchTest(unittest.TestCase):
    def test_titles_count_three_times(self):
        found = SearchIndex(MEETINGS).search("budget")
        self.assertEqual([(hit["id"], hit["score"]) for hit in found], [(1, 4), (2, 1)])

    def test_equal_scores_by_id(self):
        self.assertEqual([hit["id"] for hit in SearchIndex(MEETINGS).search("budget release")], [1, 2])

    def test_limit_and_nothing_found(self):
        self.assertEqual(len(SearchIndex(MEETINGS).search("budget", limit=1)), 1)
        self.assertEqual(SearchIndex(MEETINGS).search("zebra"), [])

    def test_the_same_query_twice(self):
        index = SearchIndex(MEETINGS)
        self.assertEqual(index.search("soup"), index.search("soup"))

    def test_several_threads(self):
        found = []
        threads = [threading.Thread(target=lambda: found.append(SearchIndex(MEETINGS).search("lunch"))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [[{"id": 3, "title": "Lunch", "score": 3}]] * 4)

    def test_terms_are_distinct_and_in_order(self):
        self.assertEqual(SearchIndex([]).terms("b A b c"), ["b", "a", "c"])
