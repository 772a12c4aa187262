"""Rank texts for a query with BM25, by the terms that they share."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

K1, B = 1.2, 0.75  # the weight of repetition and of the length of a text


class Posting(NamedTuple):
    """A term that occurs `times` times in a text; `length` is the length of the text in terms."""

    term: str
    text_id: str
    times: int
    length: int


def rank(
    wanted: Collection[str], postings: Iterable[Posting], texts: int, mean_length: float
) -> list[tuple[str, float]]:
    """Return ids of the texts that share a term with the query, best first, with scores between 0 and 1.

    A text of mean length that contains each wanted term once gets 0.75; one that contains half of their weight gets
    0.5. `texts` is the number of all texts, also of those without any wanted term.
    """
    found: dict[str, list[Posting]] = defaultdict(list)
    for posting in postings:
        found[posting.term].append(posting)
    weights = {term: _weight(texts, len(found.get(term, ()))) for term in set(wanted)}
    sums: dict[str, float] = defaultdict(float)
    for term, having in found.items():
        for posting in having:
            sums[posting.text_id] += weights[term] * _frequency(posting, mean_length)
    whole = sum(weights.values())
    scores = [(text_id, 1 - 4 ** (-total / whole)) for text_id, total in sums.items()]
    return sorted(scores, key=lambda scored: (-scored[1], scored[0]))


def _weight(texts: int, having: int) -> float:
    """Rare terms weigh more; a term that no text has weighs as if one text had it."""
    having = max(having, 1)
    return math.log(1 + (texts - having + 0.5) / (having + 0.5))


def _frequency(posting: Posting, mean_length: float) -> float:
    return posting.times * (K1 + 1) / (posting.times + K1 * (1 - B + B * posting.length / mean_length))
