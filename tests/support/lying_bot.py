"""A bot whose answers are given in advance, good and bad ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from coze_client.emulator.scripts import Answer, Item, Turn


def liar(*answers: str) -> Callable[[Turn], Iterator[Item]]:
    """Return the script of a bot that gives the answers one after the other."""
    left = list(answers)

    def script(turn: Turn) -> Iterator[Item]:
        yield Answer(left.pop(0))

    return script
