import unittest

from meeting import summaries

TRANSCRIPT = ("Ada reviewed the budget report. Grace likes tea. Ken approved the budget report and the forecast. "
              "Tim postponed the budget forecast. It rained.")


class SummariesTest(unittest.TestCase):
    def test_central_sentences_in_their_order(self):
        self.assertEqual(summaries.summarize(TRANSCRIPT, 2),
                         ["Ada reviewed the budget report.", "Ken approved the budget report and the forecast."])

    def test_the_same_again(self):
        self.assertEqual(summaries.summarize(TRANSCRIPT, 2), summaries.summarize(TRANSCRIPT, 2))

    def test_fewer_sentences_than_wanted(self):
        self.assertEqual(summaries.summarize("One thing only."), ["One thing only."])

    def test_nothing(self):
        self.assertEqual(summaries.summarize(""), [])
        self.assertEqual(summaries.similarity([], ["a"]), 0.0)

    def test_content_words(self):
        self.assertEqual(summaries.content_words("The Budget is it"), ["budget"])
