"""The part of one process in the pace of a rate limit: its places, the refusals of its calls, and its signs of life."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from functools import partial
from secrets import token_hex
from weakref import ref

from coze_client.core.concurrency import Concurrency
from coze_client.core.pace_store import FilePace, MemoryPace, PaceStore, Step, T
from coze_client.core.rate_limit import Pace, RateLimit, is_refusal, leave_place, pause_of, slow_down, take_place
from coze_client.errors import CozeError

_SEEN_EVERY = 1.5  # seconds between two signs of life of a process whose calls run

_Change = Callable[[Pace, float], Pace]


class Places:
    """Takes places for the calls of this process, and writes to the store what has ended.

    ``freed`` is done as soon as a call of this process has left its place.
    """

    def __init__(self, limit: RateLimit) -> None:
        self.freed: Future[None] = Future()
        self._limit = limit
        self._store = _store_for(limit)
        self._worker = f"{os.getpid()}-{token_hex(4)}"
        self._due: deque[_Change] = deque()  # what has ended and is not written yet
        self._hurry = threading.Event()
        self._keeper: threading.Thread | None = None

    def take(self) -> bool:
        """Take a place; False if none is free, or another process comes first."""
        return self._store.update(partial(take_place, self._limit, worker=self._worker))

    def note_end(self, began: float, ended: int, error: BaseException | None) -> None:
        """Note for ``settle`` that so many calls have ended, begun then. A finalizer may call it: it locks nothing."""
        if is_refusal(error):
            self._due.append(partial(slow_down, self._limit, began=began, pause=pause_of(error)))
        if self._limit.max_concurrency is not None:
            self._due.append(partial(leave_place, worker=self._worker, ended=ended))

    async def settle(self, concurrency: Concurrency) -> None:
        """Write what has ended. If the store cannot be used now, or the loop ends, it is written later."""
        if self._due:
            with suppress(CozeError, RuntimeError):
                await self.run(concurrency, self._settle)
            wake(self.freed)

    def settle_later(self, error: BaseException) -> None:
        """Write what has ended, after `error` that ended its caller, who waits for nothing."""
        if isinstance(error, asyncio.CancelledError):  # else garbage is collected: the next look finds it
            if self._limit.is_shared:
                self._hurry.set()
            else:
                self._settle()
                wake(self.freed)

    def _settle(self) -> None:
        due: list[_Change] = []
        with suppress(IndexError):
            while True:
                due.append(self._due.popleft())

        def step(pace: Pace, now: float) -> tuple[Pace, None]:
            for change in due:
                pace = change(pace, now)
            return pace, None

        try:
            self._store.update(step)
        except BaseException:
            self._due.extendleft(reversed(due))
            raise

    async def run(self, concurrency: Concurrency, function: Callable[[], T]) -> T:
        """Call a function that uses the store."""
        if self._limit.is_shared:  # a file or a network must not stop an event loop
            return await concurrency.call(function)
        return function()

    async def update(self, concurrency: Concurrency, step: Step[T]) -> T:
        """Replace the pace; raises CozeError if the store cannot be used."""
        return await self.run(concurrency, partial(self._store.update, step))

    def keep(self) -> None:
        """Start the signs of life, once, if other processes have to see them."""
        if self._limit.is_shared and self._keeper is None:
            arguments = (ref(self), self._hurry)
            self._keeper = threading.Thread(target=_keep_alive, args=arguments, name="coze-rate-limit", daemon=True)
            self._keeper.start()

    def show_life(self) -> None:
        """Tell the other processes that this one still runs its calls, and which have ended."""
        self.note_end(0.0, 0, None)
        if self._due:
            self._settle()
            wake(self.freed)


def _store_for(limit: RateLimit) -> PaceStore:
    """The store that a limit names."""
    if limit.redis is not None:
        from coze_client.core.redis_pace import RedisPace

        return RedisPace(limit.redis, limit.name or "coze")
    return FilePace(limit.path) if limit.path is not None else MemoryPace()


def _keep_alive(places_of: ref[Places], hurry: threading.Event) -> None:
    while True:
        hurry.wait(_SEEN_EVERY)
        hurry.clear()
        places = places_of()
        if places is None:
            return
        with suppress(CozeError):
            places.show_life()
        del places


def wake(future: Future[None]) -> None:
    """Wake whoever waits for the future; another thread may do so at the same time."""
    with suppress(InvalidStateError):
        future.set_result(None)
