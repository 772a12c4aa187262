"""A stream that is closed while it is being opened: nothing is started, or what was started is cancelled."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from coze_client import AsyncCozeClient, CozeClient, CozeError, Message
from coze_client.core.concurrency import Asyncio, Blocking
from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Hold, Turn
from tests.support.clients import Driver
from tests.support.scripted_coze import created, sse
from tests.support.scripted_server import Line, ScriptedServer, json_answer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Tt-Logid: log1\r\n\r\n"
CREATED = sse([created()])
PATHS = (b"POST /v3/chat?", b"POST /v3/chat ", b"POST /v3/chat/submit_tool_outputs", b"POST /v1/workflows/chat")
STREAMS: dict[str, Callable[[Any], Any]] = {
    "chat": lambda client: client.chats.stream(bot_id="1", user_id="u", conversation_id="8"),
    "tool outputs": lambda client: client.chats.stream_tool_outputs(
        conversation_id="8", chat_id="7", tool_outputs=[{"tool_call_id": "c", "output": "o"}]
    ),
    "chatflow": lambda client: client.workflows.chat(
        workflow_id="1", bot_id="1", additional_messages=[], conversation_id="8"
    ),
}


class Coze:
    """A server that starts one chat, and sends the `begun` part of its stream before `go` is set, the rest after it.

    ``reached``: set when the moment has come in which the test closes the stream. ``cancelled``: set by a cancellation.
    """

    def __init__(self, begun: bytes = b"", refusals: int = 0) -> None:
        self._begun = begun
        self._refusals = refusals
        self.reached, self.go, self.cancelled, self.closed = (threading.Event() for _ in range(4))

    def serve(self, line: Line) -> None:
        while head := line.read_request():
            if head.startswith(b"POST /v3/chat/cancel"):
                line.send(json_answer(b'{"code":0,"data":{"id":"7","conversation_id":"8"}}'))
                self.cancelled.set()
            elif self._refusals:
                self._refusals -= 1
                line.send(json_answer(b"{}", "429 Slow"))
            else:
                return self._stream(line)
        return None

    def _stream(self, line: Line) -> None:
        line.send(self._begun)
        self.reached.set()
        self.go.wait(30)
        with suppress(OSError):  # closed with bytes unread
            line.send((HEAD + CREATED)[len(self._begun) :])
            if line.read_request():
                return
        self.closed.set()

    def starts(self, server: ScriptedServer) -> int:
        return sum(head.startswith(PATHS) for head in server.requests)


def read_in_thread(url: str, stream_of: Callable[[Any], Any], coze: Coze, token: Any, *, enter: bool) -> object:
    """Read a stream of a blocking client in a thread, close it in another one; return what the reader met."""
    met: list[object] = []
    with CozeClient(token, base_url=url) as client:
        stream = stream_of(client)

        def read() -> None:
            try:
                if enter:
                    with stream:
                        met.extend(stream)
                else:
                    met.extend(stream)
            except CozeError as error:
                met.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        assert coze.reached.wait(10)
        stream.close()
        coze.go.set()
        reader.join(10)
        assert not reader.is_alive()
        locks = client._session._locks._locks
        assert not locks
    return met


def read_in_task(
    url: str, stream_of: Callable[[Any], Any], coze: Coze, token: Any, *, enter: bool, cancel: bool, transport: Any
) -> object:
    """The same with a task of an asyncio client, whose stream is closed, or which is cancelled."""

    async def main() -> object:
        met: list[object] = []
        async with AsyncCozeClient(token, base_url=url, transport=transport) as client:
            stream = stream_of(client)

            async def read() -> None:
                try:
                    if enter:
                        async with stream:
                            met.extend([event async for event in stream])
                    else:
                        met.extend([event async for event in stream])
                except CozeError as error:
                    met.append(error)

            task = asyncio.ensure_future(read())
            await asyncio.to_thread(coze.reached.wait, 10)
            if cancel:
                task.cancel()
            else:
                await stream.aclose()
            if cancel:
                await asyncio.wait({task}, timeout=10)  # it does not wait for the server
                assert task.done()
            coze.go.set()
            await asyncio.wait({task}, timeout=10)
            assert task.done()
            locks = client._session._locks._locks
            assert not locks
        return met

    return asyncio.run(main())


WAYS: dict[str, Callable[..., object]] = {
    "another thread closes": read_in_thread,
    "another task closes": lambda *a, **k: read_in_task(*a, **k, cancel=False, transport=None),
    "the task is cancelled": lambda *a, **k: read_in_task(*a, **k, cancel=True, transport=None),
    "the task is cancelled, aiohttp": lambda *a, **k: read_in_task(*a, **k, cancel=True, transport="aiohttp"),
}
BEGUN = {
    "before the headers": b"",
    "within the headers": HEAD[:20],
    "before the first event": HEAD,
    "within the first event": HEAD + CREATED[:40],
    "before its end": HEAD + CREATED[:-1],
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
    coze = Coze(begun)
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
    coze = Coze()
    patch_wait(monkeypatch, "acquire", coze)
    with ScriptedServer(coze.serve) as server:
        WAYS[how](server.url, STREAMS[kind], coze, "t", enter=enter)
        assert server.requests == []


@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_that_waits_for_its_token_sends_nothing(kind: str, how: str, enter: bool) -> None:
    coze = Coze()

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
    coze = Coze(refusals=1)
    patch_wait(monkeypatch, "sleep", coze)
    with ScriptedServer(coze.serve) as server:
        WAYS[how](server.url, STREAMS[kind], coze, "t", enter=enter)
        assert coze.starts(server) == len(server.requests) == 1


def patch_wait(monkeypatch: pytest.MonkeyPatch, name: str, coze: Coze) -> None:
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
    coze = Coze()
    with ScriptedServer(coze.serve) as server:
        stream = driver.client("t", base_url=server.url).chats.stream(bot_id="1", user_id="u")
        driver.run(stream.close())
        with pytest.raises(CozeError, match="closed"):
            driver.run(stream.__aenter__()) if driver.name == "asyncio" else stream.__enter__()
        assert server.requests == []
