"""A clock that stands still until it is told to go on."""

from __future__ import annotations

import time


class Clock:
    """Unix seconds, the present moment at first: `Emulator(clock=clock)`, then `clock.advance(900)`."""

    def __init__(self, start: float | None = None) -> None:
        self._now = float(int(time.time())) if start is None else start

    def __call__(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += seconds
