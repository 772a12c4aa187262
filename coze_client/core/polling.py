"""Polling: ask for the state of something that the server works on, until it has ended."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from coze_client.core.request import Request
from coze_client.core.session import Session
from coze_client.errors import TimedOut

T = TypeVar("T")
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 10.0  # seconds between two polls


async def poll(session: Session, request: Request[T], busy: Callable[[T], bool], timeout: float, cure: str) -> T:
    """Send `request` at once, and then after pauses that grow from 1 to 10 seconds, until its value is not `busy`.

    Raises TimedOut with this `cure` if it is still busy after `timeout` seconds. What the server works on goes on.
    """
    end, pause = monotonic() + timeout, _FIRST_PAUSE
    while busy(value := await session.send(request)):
        if monotonic() + pause > end:
            raise TimedOut(f"The task has not ended within {timeout:g} s", cure=cure)
        await session.concurrency.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    return value
