"""A clock for tests that moves only when `advance` is called."""

from __future__ import annotations

import time


class Clock:
    """Unix time in seconds; starts at the present: `Emulator(clock=clock)`, then `clock.advance(900)`."""

    def __init__(self, start: float | None = None) -> None:
        self._now = float(int(time.time())) if start is None else start

    def __call__(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += seconds
