"""The bot "librarian": it quotes the slices that it recalled, with their sources."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coze_client.emulator.scripts import Answer, Item, Recalled, Turn
from coze_client.emulator.text.terms import terms

_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")  # noqa: RUF001 - Chinese marks
MOST_SLICES, MOST_SENTENCES = 3, 2


def librarian(turn: Turn) -> Iterator[Item]:
    """Quote the sentences of the best slices that share most terms with the question, with numbers of their sources.

    Answers with a notice if nothing was found, or if the bot did not search.
    """
    if turn.recalled is None:
        yield Answer("I did not look into my documents.")
    elif not turn.recalled:
        yield Answer("I found nothing about this in my documents.")
    else:
        yield Answer(_answer(turn.question, turn.recalled))


def _answer(question: str, recalled: tuple[Recalled, ...]) -> str:
    good = [each for each in recalled if each.score >= recalled[0].score / 2][:MOST_SLICES]
    sources = list(dict.fromkeys(each.document_name for each in good))
    quotes = [f"{quote(question, each.text)} [{sources.index(each.document_name) + 1}]" for each in good]
    listing = ", ".join(f"[{number}] {name}" for number, name in enumerate(sources, 1))
    return "\n\n".join([*dict.fromkeys(quotes), f"Sources: {listing}"])


def quote(question: str, text: str) -> str:
    """Return up to two sentences that share most terms with the question, in the order of the text."""
    wanted = set(terms(question))
    sentences = [sentence.strip() for sentence in _SENTENCE.split(text) if sentence.strip()]
    shared = [len(wanted.intersection(terms(sentence))) for sentence in sentences]
    best = sorted(range(len(sentences)), key=lambda place: -shared[place])[:MOST_SENTENCES]
    return " ".join(sentences[place] for place in sorted(best) if shared[place] * 2 > shared[best[0]])
