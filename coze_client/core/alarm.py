"""A time limit on asyncio: after it, the awaiting task gets a TimeoutError. Python 3.10 has no ``asyncio.timeout``."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Alarm:
    """Limits what the current task awaits inside ``with``; raises ``asyncio.TimeoutError`` after `seconds`.

    ``None`` means no limit. If somebody else cancels the task meanwhile, the task stays cancelled.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._rang = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if self._seconds is None or task is None:
            return
        self._task = task
        self._before = task.cancelling() if hasattr(task, "cancelling") else 0
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._ring)

    def _ring(self) -> None:
        self._rang = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer:
            self._timer.cancel()
        if not self._rang:
            return
        left = self._task.uncancel() if hasattr(self._task, "uncancel") else 0
        if kind is asyncio.CancelledError and left <= self._before:
            raise asyncio.TimeoutError from error
