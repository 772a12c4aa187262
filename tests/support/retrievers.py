"""A small library of animals on an emulator, and retrievers of either framework that look into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from coze_client.emulator import Emulator

R = TypeVar("R")

PETS = (
    "The cat sleeps on the warm stove.\n---\nA dog guards the house at night.\n---\nThe cat and the dog share a bowl."
)
BIRDS = "A parrot repeats what the cat says.\n---\nSwallows fly south in autumn."
FISH = "A cat likes fish."


class Shelf(Generic[R]):
    """Two datasets of six slices, a workflow and a bot that look into them."""

    def __init__(self, emulator: Emulator, kind: Callable[..., R]) -> None:
        self.emulator = emulator
        self._kind = kind
        self.dataset_id = emulator.add_dataset("animals", {"pets.txt": PETS, "birds.txt": BIRDS}, separator="---")
        self.other_id = emulator.add_dataset("cooking", {"fish.txt": FISH}, separator="---")
        self.documents = {each.name: each.id for each in emulator.documents(self.dataset_id)}
        self.workflow_id = emulator.add_knowledge_workflow([self.dataset_id, self.other_id], top_k=10)
        self.bot_id = emulator.add_bot("animals", dataset_ids=[self.dataset_id, self.other_id])

    def by_workflow(self, **options: Any) -> R:
        """A retriever over the workflow."""
        return self.retriever(**{"workflow_id": self.workflow_id, **options})

    def by_bot(self, **options: Any) -> R:
        """A retriever over the bot."""
        return self.retriever(**{"bot_id": self.bot_id, **options})

    def retriever(self, **options: Any) -> R:
        """A retriever over anything else of the emulator."""
        return self._kind(**{"token": self.emulator.token, "base_url": self.emulator.url, **options})
