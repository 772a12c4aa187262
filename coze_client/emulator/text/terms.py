"""The search terms of a text: characters and pairs of characters for Chinese, stems for other words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"  # and kana
# particles, pronouns and question words; splitting at them also avoids pairs across them
_STOP_IDEOGRAPHS = re.compile("什么|怎么|哪里|哪些|多少|[的了是吗呢吧么啊谁哪在和与及之]")
_RUN = re.compile(rf"([{_IDEOGRAPHS}]+)|[^\W_{_IDEOGRAPHS}]+")
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a about an and any are as at be been but by can could did do does for from had has have he her his how i
        if in into is it its me my no not of on or our please she should so tell than that the their them then
        there these they this those to us was we were what when where which who whom whose why will with would
        you your
        """,
    )
)


def terms(text: str) -> list[str]:
    """Return the terms in their order, with repetitions; punctuation, emoji and stop words have no terms."""
    return list(_terms(unicodedata.normalize("NFKC", text).casefold()))


def _terms(text: str) -> Iterator[str]:
    for run in _RUN.finditer(text):
        if run[1]:
            for piece in _STOP_IDEOGRAPHS.split(run[1]):
                yield from piece
                yield from map("".join, pairwise(piece))
        elif run[0] not in _STOP_WORDS:
            yield stem(run[0])


def stem(word: str) -> str:
    """Remove common English endings: lakes, painted, running, make → lak, paint, run, mak."""
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            return word[:-1] if word[-1] == word[-2] and word[-1] not in "lsz" else word
    return word.removesuffix("e") if len(word) > 3 else word
