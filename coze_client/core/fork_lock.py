"""A lock for short critical sections; a forked child gets it unlocked."""

from __future__ import annotations

import os
import threading
from types import TracebackType
from weakref import WeakSet


class ForkSafeLock:
    """Like ``threading.Lock``, for use with ``with``, but unlocked in a forked child.

    At a fork another thread may hold the lock. That thread does not exist in the child, so nobody would release it.
    """

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self.reset()
        fork_safe_locks.add(self)

    def reset(self) -> None:
        """Replace the lock by an unlocked one."""
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()


fork_safe_locks: WeakSet[ForkSafeLock] = WeakSet()
"""All locks of this class in the process."""


def _reset_all() -> None:
    for lock in list(fork_safe_locks):
        lock.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_all)
