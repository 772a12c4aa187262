"""Chats whose task is cancelled at each of its waits, one run after the other: no chat runs on for nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from itertools import count
from typing import Any

import pytest

from coze_client import AsyncCozeClient, Message
from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer, Hold
from tests.support.cancelled_waits import CancelledWait, cancel_this_task

Running = Callable[[float], Coroutine[Any, Any, None]]
SERVERS: dict[str, Callable[[], Emulator]] = {
    "cloud": Emulator,
    "studio": lambda: Emulator(dialect="studio"),
}


async def poll(client: AsyncCozeClient, ask: dict[str, Any], running: Running) -> None:
    async def pause(seconds: float) -> None:
        await running(seconds)

    client._session.concurrency.sleep = pause  # type: ignore[method-assign]  # the pause before the first poll
    await client.chats.create_and_poll(**ask)


async def stream(client: AsyncCozeClient, ask: dict[str, Any], running: Running) -> None:
    async with client.chats.stream(**ask) as events:
        async for event in events:
            if event.delta:
                await running(0)


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    with SERVERS[request.param]() as emulator:
        emulator.add_bot("held", lambda _: [Answer("a word "), Hold(lambda: False)])
        yield emulator


@pytest.mark.parametrize("transport", [None, "aiohttp"], ids=["httpx", "aiohttp"])
@pytest.mark.parametrize("more", [0, 2], ids=["once", "three times"])
@pytest.mark.parametrize("chat", [poll, stream])
def test_no_chat_runs_on_whatever_wait_its_task_is_cancelled_at(
    server: Emulator, chat: Callable[..., Awaitable[None]], more: int, transport: Any
) -> None:
    ask = {"bot_id": server.bots["held"], "user_id": "u", "additional_messages": [Message.user("hi")]}
    was_running = False

    async def running(_: float) -> None:
        nonlocal was_running
        was_running = True
        cancel_this_task()
        await asyncio.sleep(0)

    async def main() -> None:
        async with AsyncCozeClient(server.token, base_url=server.url, transport=transport) as client:
            for number in count(1):
                with suppress(asyncio.CancelledError):
                    await asyncio.ensure_future(_task(CancelledWait(chat(client, ask, running), number, more)))
                if was_running:
                    break
            assert not client._session._locks._locks

    asyncio.run(main())
    server.wait_until(lambda: server.open_streams == 0)
    assert server.chats_started > 2
    assert len(server.calls_to("/v3/chat/cancel")) == server.chats_started


async def _task(work: Awaitable[object]) -> None:
    await work
