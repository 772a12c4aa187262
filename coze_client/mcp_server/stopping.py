"""Ends a server when the process is told to end, so that chats which still run are cancelled first."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress


async def wait_for_end(serving: asyncio.Task[None]) -> bool:
    """Wait until `serving` ends, then True; False once the process is told to end (Ctrl-C, SIGTERM)."""
    told = asyncio.Event()
    waiting = asyncio.create_task(told.wait())
    try:
        with _on_signals(told):
            await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    return serving.done()


@contextmanager
def _on_signals(told: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    handled: list[signal.Signals] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, ValueError, RuntimeError):  # on Windows, or not in the main thread
            loop.add_signal_handler(number, told.set)
            handled.append(number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
