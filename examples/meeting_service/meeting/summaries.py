"""Summaries of meetings: the sentences that have most in common with all others."""

import re

WORD = re.compile(r"[a-z']+")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
STOP_WORDS = (
    "a", "about", "after", "all", "also", "an", "and", "any", "are", "as", "at", "be", "because", "been",
    "before", "but", "by", "can", "could", "did", "do", "does", "for", "from", "had", "has", "have", "he",
    "her", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "me", "more", "most", "my",
    "no", "not", "of", "on", "one", "or", "other", "our", "out", "over", "she", "so", "some", "than",
    "that", "the", "their", "them", "then", "there", "these", "they", "this", "to", "up", "was", "we",
    "were", "what", "when", "which", "who", "will", "with", "would", "you", "your",
)


def content_words(sentence: str) -> list:
    """The words of a sentence that carry meaning, in order."""
    return [word for word in WORD.findall(sentence.lower()) if word not in STOP_WORDS]


def similarity(first: list, second: list) -> float:
    """The share of words that two sentences have in common, 0 to 1."""
    if not first or not second:
        return 0.0
    common = sum(1 for word in first if word in second)
    return common / (len(first) + len(second))


def summarize(transcript: str, max_sentences: int = 3) -> list:
    """The most central sentences of a transcript, in their original order.

    Every sentence is compared with every other one; the ones with the highest sum win, earlier
    ones first when sums are equal.
    """
    sentences = [part.strip() for part in SENTENCE_END.split(transcript) if part.strip()]
    words = [content_words(sentence) for sentence in sentences]
    scores = []
    for index, own in enumerate(words):
        total = 0.0
        for other_index, other in enumerate(words):
            if other_index != index:
                total += similarity(own, other)
        scores.append((total, -index))
    best = sorted(scores, reverse=True)[:max_sentences]
    return [sentences[index] for index in sorted(-negative for _, negative in best)]
