"""Values of a recall: the slices that were found for a question, and the run or chat that found them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Slice:
    """A part of a document that was recalled.

    ``score``: higher is better, on no fixed scale; ``None`` if Coze does not return it (workflows never do). Missing
    ids, names and links are "". ``rank`` counts from 1, best first. ``source``: "bot", "workflow", or "text" for a
    workflow whose output is text, which cannot be separated into slices.
    """

    text: str
    score: float | None = None
    dataset_id: str = ""
    dataset_name: str = ""
    document_id: str = ""
    document_name: str = ""
    title: str = ""
    url: str = ""
    rank: int = 0
    source: str = ""


@dataclass(frozen=True)
class Recall:
    """The slices that were recalled for a question, best first; iterable, and false if it is empty.

    From a workflow, it has ``workflow_id``, ``execute_id`` and ``debug_url``; from a bot, it has ``bot_id``,
    ``chat_id``, ``conversation_id`` and ``logid``. The others are "" or ``None``.
    """

    query: str
    slices: tuple[Slice, ...] = ()
    workflow_id: str = ""
    bot_id: str = ""
    execute_id: str = ""
    debug_url: str = ""
    chat_id: str = ""
    conversation_id: str = ""
    logid: str | None = None

    def __iter__(self) -> Iterator[Slice]:
        return iter(self.slices)

    def __len__(self) -> int:
        return len(self.slices)
