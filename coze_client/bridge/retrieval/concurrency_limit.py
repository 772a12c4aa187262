"""How many calls of one object run at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from coze_client.core.concurrency import Blocking, Concurrency, maybe_await
from coze_client.core.fork_lock import ForkSafeLock

Semaphore = threading.Semaphore | asyncio.Semaphore


class ConcurrencyLimit:
    """At most so many at a time, of the threads of a process and of the tasks of each event loop; copies start anew."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._guard = ForkSafeLock()
        self._semaphores: dict[object, tuple[Semaphore, int]] = {}  # with the number of users, so that loops are let go

    @asynccontextmanager
    async def slot(self, concurrency: Concurrency) -> AsyncIterator[None]:
        """Inside, one of the places is taken; waits for it."""
        key = concurrency.scope()
        semaphore = self._join(key, concurrency)
        try:
            await maybe_await(semaphore.acquire())
            try:
                yield
            finally:
                semaphore.release()
        finally:
            self._leave(key)

    def _join(self, key: object, concurrency: Concurrency) -> Semaphore:
        make = threading.Semaphore if isinstance(concurrency, Blocking) else asyncio.Semaphore
        with self._guard:
            semaphore, users = self._semaphores.get(key) or (make(self._most), 0)
            self._semaphores[key] = (semaphore, users + 1)
            return semaphore

    def _leave(self, key: object) -> None:
        with self._guard:
            semaphore, users = self._semaphores.pop(key)
            if users > 1:
                self._semaphores[key] = (semaphore, users - 1)

    def __reduce__(self) -> tuple[object, ...]:
        return ConcurrencyLimit, (self._most,)
