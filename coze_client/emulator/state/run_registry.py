"""The chats and workflows that are running or waiting now."""

from __future__ import annotations

from typing import TypeVar

R = TypeVar("R")


class RunRegistry:
    """Runs of this process by their class and a key, such as a chat's id.

    An entry also keeps the asyncio task of its run alive, since the event loop holds tasks only weakly.
    """

    def __init__(self) -> None:
        self._runs: dict[tuple[type, str], object] = {}

    def add(self, key: str, run: object) -> None:
        self._runs[type(run), key] = run

    def get(self, kind: type[R], key: str) -> R | None:
        run = self._runs.get((kind, key))
        return run if isinstance(run, kind) else None

    def remove(self, kind: type, key: str) -> None:
        """Does nothing if there is no such run."""
        self._runs.pop((kind, key), None)
