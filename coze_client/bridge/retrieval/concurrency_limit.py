"""A limit on how many calls of one object run at the same time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from coze_client.core.concurrency import Blocking, Concurrency, maybe_await
from coze_client.core.fork_lock import ForkSafeLock

Semaphore = threading.Semaphore | asyncio.Semaphore


class ConcurrencyLimit:
    """Lets `maximum` callers in at a time, counted for all threads of a process and for each event loop by itself.

    A copy or an unpickled limit starts with all slots free.
    """

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._lock = ForkSafeLock()
        self._semaphores: dict[object, tuple[Semaphore, int]] = {}  # with a user count, so that closed loops are freed

    @asynccontextmanager
    async def slot(self, concurrency: Concurrency) -> AsyncIterator[None]:
        """Wait for a free slot, and hold it until the block ends."""
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
        with self._lock:
            semaphore, users = self._semaphores.get(key) or (make(self._maximum), 0)
            self._semaphores[key] = (semaphore, users + 1)
            return semaphore

    def _leave(self, key: object) -> None:
        with self._lock:
            semaphore, users = self._semaphores.pop(key)
            if users > 1:
                self._semaphores[key] = (semaphore, users - 1)

    def __reduce__(self) -> tuple[object, ...]:
        return ConcurrencyLimit, (self._maximum,)
