"""A small dataset on an emulator, and both ways to recall from it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from langchain_core.documents import Document

from coze_client.emulator import Emulator
from langchain_coze import CozeRetriever

PETS = (
    "The cat sleeps on the warm stove.\n---\nA dog guards the house at night.\n---\nThe cat and the dog share a bowl."
)
BIRDS = "A parrot repeats what the cat says.\n---\nSwallows fly south in autumn."

Search = Callable[..., list[Document]]


class Shelf:
    """Two documents of five slices, a workflow and a bot that look into them."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.dataset_id = emulator.add_dataset("animals", {"pets.txt": PETS, "birds.txt": BIRDS}, separator="---")
        self.other_id = emulator.add_dataset("cooking", {"fish.txt": "A cat likes fish."}, separator="---")
        self.documents = {each.name: each.id for each in emulator.documents(self.dataset_id)}
        self.workflow_id = emulator.add_knowledge_workflow([self.dataset_id, self.other_id], top_k=10)
        self.bot_id = emulator.add_bot("animals", dataset_ids=[self.dataset_id, self.other_id])

    def by_workflow(self, **options: Any) -> CozeRetriever:
        return self._retriever(**{"workflow_id": self.workflow_id, **options})

    def by_bot(self, **options: Any) -> CozeRetriever:
        return self._retriever(**{"bot_id": self.bot_id, **options})

    def _retriever(self, **options: Any) -> CozeRetriever:
        return CozeRetriever(**{"token": self.emulator.token, "base_url": self.emulator.url, **options})


def invoke(retriever: Any, query: Any, /, **options: Any) -> Any:
    return retriever.invoke(query, **options)


def ainvoke(retriever: Any, query: Any, /, **options: Any) -> Any:
    return asyncio.run(retriever.ainvoke(query, **options))
