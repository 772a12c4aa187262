"""A small dataset for demonstrations, and a workflow and two bots that answer from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from coze_client.emulator.scripting.quoting_bot import quote
from coze_client.emulator.scripts import Answer, Item, Script, Turn
from coze_client.emulator.text.terms import terms

HANDBOOK = {
    "reservations.txt": (
        "A table is kept for 15 minutes. Then it goes to whoever waits at the door.\n\n"
        "Parties of more than eight pay a deposit of 10 euros a head. The bill counts it."
    ),
    "kitchen.txt": (
        "The kitchen opens at noon and closes at ten in the evening. On Mondays it stays closed.\n\n"
        "The bread is baked in the house. Without gluten it has to be ordered a day before."
    ),
    "terrace.txt": "Dogs are welcome on the terrace. In the rain, guests of the terrace get a table inside.",
}
_QUESTION = re.compile(r"(?:Question|Query): (.+)")
_NUMBER = re.compile(r"\[(\d+)\] ")


class HasDatasets(Protocol):
    """What `add_library` needs of an emulator."""

    @property
    def datasets(self) -> Mapping[str, str]: ...
    def add_dataset(self, name: str, documents: Mapping[str, str], *, separator: str | None = None) -> str: ...
    def add_knowledge_workflow(self, dataset_ids: Sequence[str]) -> str: ...
    def add_bot(self, name: str, script: Script | None = None, *, dataset_ids: Sequence[str] = ()) -> str: ...


def add_library(emulator: HasDatasets) -> str:
    """Return the id of the dataset "handbook", which is created unless the emulator's file already contains it.

    Also adds the workflow "search_knowledge" and the bot "librarian", which search it, and the bot "reader", which
    quotes the text in its prompt.
    """
    dataset_id = emulator.datasets.get("handbook") or emulator.add_dataset("handbook", HANDBOOK, separator="\n\n")
    emulator.add_knowledge_workflow([dataset_id])
    emulator.add_bot("librarian", dataset_ids=[dataset_id])
    emulator.add_bot("reader", reader)
    return dataset_id


def reader(turn: Turn) -> Iterator[Item]:
    """Answer the "Question:" or "Query:" of a prompt from the text before it, with the number of the source, if any."""
    question = _QUESTION.search(turn.question)
    if question is None:
        yield Answer('Give me something to read, and then a line that begins with "Question: ".')
        return
    before, *numbered = _NUMBER.split(turn.question[: question.start()])
    sources = list(zip(numbered[1::2], numbered[::2], strict=True)) or [(before, "")]
    text, number = max(sources, key=lambda source: len(set(terms(question[1])).intersection(terms(source[0]))))
    yield Answer(f"{quote(question[1], text)} [{number}]" if number else quote(question[1], text))
