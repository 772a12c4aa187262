"""The stored record of a task that copies a bot, an app or a workflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

FIRST_COPY_TASK_ID = 7515000000000000001


@dataclass(frozen=True)
class StoredCopyTask:
    """A copy, told as ready when it was looked at `looks_needed` times; `target` is the id of what was made."""

    KIND: ClassVar[str] = "CopyTask"

    id: str
    account: str
    entity_type: str
    source: str
    target: str
    workspace_id: str
    looks_needed: int
    looks_done: int = 0

    @property
    def owner(self) -> str:
        return self.account

    @property
    def ready(self) -> bool:
        return self.looks_done >= self.looks_needed
