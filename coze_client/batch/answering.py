"""How prompts are answered: by a function or coroutine function of the user's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Protocol, cast

from coze_client.batch.answered import Answered, as_answered
from coze_client.core.concurrency import Asyncio

Mark = Callable[[Mapping[str, str]], Awaitable[None]]
"""Marks a prompt as started, with the ids by which it can be found; returns once that is on the disk."""


class Answering(Protocol):
    """Answers the prompts of a batch."""

    async def answer(self, prompt: object, mark: Mark) -> Answered:
        """Answer a prompt; nothing that must not be done twice is sent before `mark` has returned."""
        ...


class FunctionAnswering:
    """Calls the user's function; one that is no coroutine function runs in a thread."""

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function
        self._concurrency = Asyncio()

    async def answer(self, prompt: object, mark: Mark) -> Answered:
        await mark({})
        call = cast("Callable[[], Awaitable[object]]", partial(self._function, prompt))
        return as_answered(await self._concurrency.call(call))
