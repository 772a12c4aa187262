"""The limit on calls per second, as Coze applies it to an account."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable


class RateLimit:
    """Admits at most `calls` (None: any number) within a second of the clock."""

    def __init__(self, calls: int | None, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._clock = clock
        self._admitted: deque[float] = deque()

    def admit(self) -> bool:
        """Count a call; False if it is over the limit, which does not count it."""
        if self._calls is None:
            return True
        now = self._clock()
        while self._admitted and self._admitted[0] <= now - 1:
            self._admitted.popleft()
        if len(self._admitted) >= self._calls:
            return False
        self._admitted.append(now)
        return True
