"""A stream that is closed while it is being opened: nothing is started, or what was started is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from coze_client import AsyncCozeClient, CozeError, Message
from coze_client.core.concurrency import Asyncio, Blocking
from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Hold, Turn
from tests.support.clients import Driver
from tests.support.closed_streams import BEGUN, STREAMS, HeldCoze, read_in_task, read_in_thread
from tests.support.scripted_server import ScriptedServer

WAYS: dict[str, Callable[..., object]] = {
    "another thread closes": read_in_thread,
    "another task closes": lambda *a, **k: read_in_task(*a, **k, cancel=False, transport=None),
    "the task is cancelled": lambda *a, **k: read_in_task(*a, **k, cancel=True, transport=None),
    "the task is cancelled, aiohttp": lambda *a, **k: read_in_task(*a, **k, cancel=True, transport="aiohttp"),
}


@pytest.fixture(params=WAYS)
def how(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[True, False], ids=["entered", "iterated"])
def enter(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.mark.parametrize("begun", BEGUN.values(), ids=BEGUN)
@pytest.mark.parametrize("kind", ["chat", "tool outputs"])
def test_what_was_started_is_cancelled_once_when_it_is_named(kind: str, how: str, begun: bytes, enter: bool) -> None:
    coze = HeldCoze(begun)
    with ScriptedServer(coze.serve) as server:
        WAYS[how](server.url, STREAMS[kind], coze, "t", enter=enter)
        assert coze.cancelled.wait(10)
        assert coze.closed.wait(10), "the connection of the stream is left open"
        assert coze.starts(server) == 1
        assert sum(head.startswith(b"POST /v3/chat/cancel") for head in server.requests) == 1


@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_that_waits_for_its_conversation_sends_nothing(
    kind: str, how: str, enter: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    coze = HeldCoze()
    patch_wait(monkeypatch, "acquire", coze)
    with ScriptedServer(coze.serve) as server:
        WAYS[how](server.url, STREAMS[kind], coze, "t", enter=enter)
        assert server.requests == []


@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_that_waits_for_its_token_sends_nothing(kind: str, how: str, enter: bool) -> None:
    coze = HeldCoze()

    def token() -> str:
        coze.reached.set()
        coze.go.wait(30)
        return "t"

    with ScriptedServer(coze.serve) as server:
        WAYS[how](server.url, STREAMS[kind], coze, token, enter=enter)
        assert server.requests == []


@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_that_waits_for_its_next_try_sends_nothing_more(
    kind: str, how: str, enter: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    coze = HeldCoze(refusals=1)
    patch_wait(monkeypatch, "sleep", coze)
    with ScriptedServer(coze.serve) as server:
        WAYS[how](server.url, STREAMS[kind], coze, "t", enter=enter)
        assert coze.starts(server) == len(server.requests) == 1


def patch_wait(monkeypatch: pytest.MonkeyPatch, name: str, coze: HeldCoze) -> None:
    """Let a wait of both kinds of concurrency take until the server's ``go``."""

    def patch(kind: type[Blocking | Asyncio], wait: Callable[[], Awaitable[object]]) -> None:
        method = getattr(kind, name)

        async def waiting(self: Any, *arguments: Any) -> Any:
            coze.reached.set()
            await wait()
            return await method(self, *arguments)

        monkeypatch.setattr(kind, name, waiting)

    async def block() -> object:
        return coze.go.wait(30)

    patch(Blocking, block)
    patch(Asyncio, lambda: asyncio.to_thread(coze.go.wait, 30))


@pytest.mark.parametrize("transport", [None, "aiohttp"], ids=["httpx", "aiohttp"])
def test_tasks_that_are_cancelled_at_any_moment_leave_no_chat_running(emulator: Emulator, transport: Any) -> None:
    def endless(_: Turn) -> list[Any]:
        return [Hold(lambda: False)]

    bot = emulator.add_bot("endless", endless)

    async def main() -> None:
        async with AsyncCozeClient(emulator.token, base_url=emulator.url, transport=transport) as client:
            begun, pauses = 0, 0
            while begun < 3:  # later and later, until the moments lie behind the first event
                stream = client.chats.stream(bot_id=bot, user_id="u", additional_messages=[Message.user("hi")])
                task = asyncio.ensure_future(stream.read())
                for _ in range(pauses):
                    await asyncio.sleep(0.001)
                begun += stream.chat_id is not None
                pauses += 1 + pauses // 8
                task.cancel()
                await asyncio.wait({task})

    asyncio.run(main())
    emulator.wait_until(lambda: emulator.open_streams == 0)
    assert emulator.chats_started
    assert len(emulator.calls_to("/v3/chat/cancel")) == emulator.chats_started


def test_a_closed_stream_cannot_be_opened(driver: Driver) -> None:
    coze = HeldCoze()
    with ScriptedServer(coze.serve) as server:
        stream = driver.client("t", base_url=server.url).chats.stream(bot_id="1", user_id="u")
        driver.run(stream.close())
        with pytest.raises(CozeError, match="closed"):
            driver.run(stream.__aenter__()) if driver.name == "asyncio" else stream.__enter__()
        assert server.requests == []
