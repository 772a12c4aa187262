"""A lock for a few lines that never wait, which a forked child always finds open."""

from __future__ import annotations

import os
import threading
from types import TracebackType
from weakref import WeakSet


class ForkSafeLock:
    """As ``threading.Lock`` in a ``with``. Another thread may hold it at a fork, and does not exist in the child."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self.reset()
        fork_safe_locks.add(self)

    def reset(self) -> None:
        """Open it, whoever holds it."""
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()


fork_safe_locks: WeakSet[ForkSafeLock] = WeakSet()
"""All guards of this process."""


def _renew_all() -> None:
    for lock in list(fork_safe_locks):
        lock.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
