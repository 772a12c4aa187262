"""Knowledge on an emulator that retrievers search: datasets about animals, and a workflow that counts its runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from coze_client.emulator import Emulator

R = TypeVar("R")

PETS = (
    "The cat sleeps on the warm stove.\n---\nA dog guards the house at night.\n---\nThe cat and the dog share a bowl."
)
BIRDS = "A parrot repeats what the cat says.\n---\nSwallows fly south in autumn."
FISH = "A cat likes fish."


class AnimalKnowledge(Generic[R]):
    """Two datasets with six slices, a workflow and a bot that search both; makes retrievers of the class `kind`."""

    def __init__(self, emulator: Emulator, kind: Callable[..., R]) -> None:
        self.emulator = emulator
        self._kind = kind
        self.dataset_id = emulator.add_dataset("animals", {"pets.txt": PETS, "birds.txt": BIRDS}, separator="---")
        self.other_id = emulator.add_dataset("cooking", {"fish.txt": FISH}, separator="---")
        self.documents = {each.name: each.id for each in emulator.documents(self.dataset_id)}
        self.workflow_id = emulator.add_knowledge_workflow([self.dataset_id, self.other_id], top_k=10)
        self.bot_id = emulator.add_bot("animals", dataset_ids=[self.dataset_id, self.other_id])

    def by_workflow(self, **options: Any) -> R:
        """Return a retriever that runs the workflow."""
        return self.retriever(**{"workflow_id": self.workflow_id, **options})

    def by_bot(self, **options: Any) -> R:
        """Return a retriever that asks the bot."""
        return self.retriever(**{"bot_id": self.bot_id, **options})

    def retriever(self, **options: Any) -> R:
        """Return a retriever with the emulator's address and token."""
        return self._kind(**{"token": self.emulator.token, "base_url": self.emulator.url, **options})


class MeetingWorkflow:
    """A workflow that returns its query once two of its runs have met; `most` is the largest number at one time."""

    def __init__(self, emulator: Emulator) -> None:
        self.most = self._running = 0
        self._counting = threading.Lock()
        self._meeting = threading.Barrier(2, timeout=20)

        @emulator.workflow(title="Meeting")
        def meet(query: str) -> dict[str, list[str]]:
            self._count(1)
            self._meeting.wait()
            self._count(-1)
            return {"outputList": [query]}

        self.id = meet.id

    def _count(self, difference: int) -> None:
        with self._counting:
            self._running += difference
            self.most = max(self.most, self._running)
