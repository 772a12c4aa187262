"""Progress of a call: what the nodes and the bot say meanwhile, and a sign of life where they say nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType

from typing_extensions import Self

Send = Callable[[int, str], Awaitable[None]]
"""Sends the notification with this number, which grows, and this text."""

SILENCE = 15.0  # seconds; clients give a call up after 60 without a notification


class ProgressReporter:
    """Sends notifications in order while a call runs, from a task of its own; without `send`, none.

    Leaving it normally waits until all are sent.
    """

    def __init__(self, send: Send | None, silence: float = SILENCE) -> None:
        self._send = send
        self._silence = silence
        self._pending: list[tuple[str, str]] = []
        self._changed = asyncio.Event()
        self._over = False
        self._task: asyncio.Task[None] | None = None

    def report(self, source: str, text: str) -> None:
        """Send `text` soon; pieces of one `source` that wait are joined."""
        if self._send is None or not text:
            return
        if self._pending and self._pending[-1][0] == source:
            self._pending[-1] = (source, self._pending[-1][1] + text)
        else:
            self._pending.append((source, text))
        self._changed.set()

    async def __aenter__(self) -> Self:
        if self._send is not None:
            self._task = asyncio.create_task(self._send_all(self._send))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is None:
            return
        if kind is not None:
            self._task.cancel()
            return
        self._over = True
        self._changed.set()
        await asyncio.wait({self._task})
        if not self._task.cancelled():
            self._task.exception()  # the client is gone: its call is cancelled, or its reply goes nowhere

    async def _send_all(self, send: Send) -> None:
        number = 0
        while (text := await self._next()) is not None:
            number += 1
            await send(number, text)

    async def _next(self) -> str | None:
        while not (self._pending or self._over):
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), self._silence)
            except asyncio.TimeoutError:
                return "Coze is still at work."
        return self._pending.pop(0)[1] if self._pending else None
