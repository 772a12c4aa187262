"""Values of a recall: the slices that were found for a question, and what found them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Slice:
    """A piece of a document that was recalled.

    ``score`` is higher for better, on no promised scale, and ``None`` where Coze does not tell it (workflows never do);
    ids, names and the link are "" then. ``rank`` counts from 1, best first. ``source``: "bot", "workflow", or "text"
    for the whole text of a workflow that answers with text, so that its slices cannot be told apart.
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
    """The slices that a question recalled, best first, and by what; iterable, and false if there are none.

    Of a workflow's run ``workflow_id``, ``execute_id`` and ``debug_url`` are told, of a bot's chat ``bot_id``,
    ``chat_id``, ``conversation_id`` and ``logid``; the others are "" or ``None``.
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
