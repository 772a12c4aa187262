"""Cancel a task at one wait of what it does: the same moment in every run, however fast the network is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator
from typing import Any


def cancel_this_task() -> None:
    """Cancel the running task: its next wait raises CancelledError."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


class CancelledWait:
    """Awaits `work`, whose task is cancelled at its wait with this `number`, counted from 1, and at `more` after it."""

    def __init__(self, work: Awaitable[object], number: int, more: int = 0) -> None:
        self._work = work
        self._cancelled = range(number, number + 1 + more)

    def __await__(self) -> Generator[Any, Any, object]:
        steps, waits, failure = self._work.__await__(), 0, None
        while True:
            try:
                future = next(steps) if failure is None else steps.throw(failure)
            except StopIteration as done:
                return done.value
            waits += 1
            if waits in self._cancelled:
                cancel_this_task()
            failure = None
            try:
                yield future
            except BaseException as error:  # noqa: BLE001 - the work gets whatever it is
                failure = error
