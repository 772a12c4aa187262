"""Async generators that were dropped unclosed: their loop closes them in tasks of its own, which nobody awaits."""

from __future__ import annotations

import asyncio
from time import monotonic
from weakref import WeakSet

_STEPS = 10  # a generator within a generator takes two or three
_closers: WeakSet[asyncio.Task[object]] = WeakSet()


async def dropped_generators_closed(seconds: float) -> None:
    """Wait until the loop has closed the generators that were dropped, such as streams: it ends without waiting.

    A stream that closes cancels its chat. Dropping a generator of a framework may drop a stream below it, some steps of
    the loop later.
    """
    closer = asyncio.current_task()
    if closer is not None:
        _closers.add(closer)  # two pools must not wait for each other
    end = monotonic() + seconds
    await _some_steps()
    while (closing := _closing_generators()) and monotonic() < end:
        await asyncio.wait(closing, timeout=end - monotonic())
        await _some_steps()


async def _some_steps() -> None:
    for _ in range(_STEPS):
        await asyncio.sleep(0)


def _closing_generators() -> set[asyncio.Task[object]]:
    tasks = asyncio.all_tasks() - set(_closers)
    return {task for task in tasks if type(task.get_coro()).__name__ == "async_generator_athrow"}
