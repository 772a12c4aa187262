"""Streams that another thread or task closes while nothing arrives: whoever reads them goes on soon."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from coze_client import AsyncCozeClient, CozeClient, CozeError, StreamInterrupted
from coze_client.api.chats import following
from coze_client.core import stream_run
from tests.support.closed_streams import BEGUN, CREATED, HEAD, STREAMS, HeldCoze, read_in_task, read_in_thread
from tests.support.scripted_server import Line, ScriptedServer, json_answer

CLOSERS: dict[str, Callable[..., Any]] = {
    "another thread": read_in_thread,
    "another task": lambda *a, **k: read_in_task(*a, **k, cancel=False, transport=None),
    "another task, aiohttp": lambda *a, **k: read_in_task(*a, **k, cancel=False, transport="aiohttp"),
}
UNSAVED: dict[str, Any] = {"bot_id": "1", "user_id": "u", "auto_save_history": False}
RUNNING = b'{"code":0,"data":{"id":"7","conversation_id":"8","status":"in_progress"}}'


@pytest.fixture(params=CLOSERS)
def read(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return CLOSERS[request.param]


class Silent(HeldCoze):
    """A server that sends the `begun` part of its stream, and nothing more."""

    def stream(self, line: Line) -> None:
        line.send(self.begun)
        self.reached.set()
        line.wait()


class Breaking(HeldCoze):
    """A server whose stream breaks after its first event, and whose chat goes on for ever."""

    def stream(self, line: Line) -> None:
        line.send(HEAD + CREATED)

    def serve(self, line: Line) -> None:
        while head := line.read_request():
            if b"/v3/chat/retrieve" in head:
                self.reached.set()
                line.send(json_answer(RUNNING))
            elif b"/v3/chat/cancel" in head:
                self.cancelled.set()
                line.send(json_answer(RUNNING))
            else:
                return self.stream(line)
        return None


@pytest.mark.parametrize("begun", [BEGUN["before the first event"], BEGUN["before its end"]], ids=["headers", "half"])
@pytest.mark.parametrize("enter", [True, False], ids=["entered", "iterated"])
def test_a_chat_that_the_server_never_names_is_left_soon(
    read: Callable[..., Any], begun: bytes, enter: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_run, "_NAMING_SECONDS", 0.05)
    coze = Silent(begun)
    with ScriptedServer(coze.serve) as server:
        read(server.url, STREAMS["chat"], coze, "t", enter=enter)  # fails unless the reader ends
        assert coze.starts(server) == 1


def test_a_stream_that_recovers_stops_asking_and_cancels_its_chat(
    read: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_POLL_SECONDS", 0.01)
    coze = Breaking()
    with ScriptedServer(coze.serve) as server:
        met = read(server.url, STREAMS["chat"], coze, "t", enter=False)
        assert not [each for each in met if isinstance(each, Exception)]
        assert coze.cancelled.wait(10)


def test_a_blocking_stream_whose_client_is_closed_breaks_off() -> None:
    coze, begun, met = Silent(HEAD + CREATED), threading.Event(), list[CozeError]()
    with ScriptedServer(coze.serve) as server, CozeClient("t", base_url=server.url) as client:

        def read() -> None:
            try:
                for _ in client.chats.stream(**UNSAVED):
                    begun.set()
            except CozeError as error:
                met.append(error)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        assert begun.wait(10)
        client.close()
        reader.join(10)
    assert [type(each) for each in met] == [StreamInterrupted]


@pytest.mark.parametrize("transport", [None, "aiohttp"], ids=["httpx", "aiohttp"])
def test_an_asyncio_stream_whose_client_is_closed_breaks_off(transport: Any) -> None:
    coze, begun = Silent(HEAD + CREATED), asyncio.Event()

    async def read(client: AsyncCozeClient) -> None:
        async for _ in client.chats.stream(**UNSAVED):
            begun.set()

    async def main(url: str) -> None:
        async with AsyncCozeClient("t", base_url=url, transport=transport) as client:
            reader = asyncio.ensure_future(read(client))
            await begun.wait()
            await client.close()
            with pytest.raises(StreamInterrupted) as caught:
                await asyncio.wait_for(reader, 10)
            assert "timeout" not in str(caught.value)

    with ScriptedServer(coze.serve) as server:
        asyncio.run(main(server.url))
