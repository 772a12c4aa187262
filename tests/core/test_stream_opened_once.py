"""A stream that two threads or tasks begin to read sends its request once, and the first of them reads all of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from coze_client import AsyncCozeClient, CozeClient, CozeError, Message
from tests.support.event_streams import event_stream
from tests.support.scripted_server import Line, ScriptedServer

SOUND = b"RIFF" + bytes(range(256)) * 40
CHAT = {"id": "7", "conversation_id": "8"}
ANSWER = {"id": "9", "role": "assistant", "type": "answer", "content": "Bern"}
EVENTS = event_stream(
    ("conversation.chat.created", CHAT),
    ("conversation.message.completed", ANSWER),
    ("conversation.chat.completed", {**CHAT, "status": "completed"}),
    ("done", "[DONE]"),
)
BODIES = {"chat": (b"text/event-stream", EVENTS), "file": (b"audio/wav", SOUND)}
STREAMS: dict[str, Callable[[Any], Any]] = {
    "chat": lambda client: client.chats.stream(bot_id="1", user_id="u", additional_messages=[Message.user("a")]),
    "file": lambda client: client.audio.speech.create(input="a", voice_id="1", response_format="wav"),
}


def server_of(kind: str) -> ScriptedServer:
    content_type, body = BODIES[kind]

    def answer(line: Line) -> None:
        while line.read_request():
            line.server.begun.set()
            line.server.answered.wait(10)
            head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (content_type, len(body))
            line.send(head + body)

    return ScriptedServer(answer)


def read(way: str, stream: Any) -> Any:
    if way == "enter":
        with stream:
            return list(stream)
    return list(stream) if way == "iterate" else stream.read()


async def aread(way: str, stream: Any) -> Any:
    if way == "enter":
        async with stream:
            return [piece async for piece in stream]
    return [piece async for piece in stream] if way == "iterate" else await stream.read()


def is_whole(kind: str, way: str, found: Any) -> bool:
    if kind == "chat":
        return bool((found.text if way == "read" else "".join(event.delta for event in found)) == "Bern")
    return bool((found if way == "read" else b"".join(found)) == SOUND)


WAYS = ["enter", "iterate", "read"]


@pytest.mark.parametrize("second", WAYS)
@pytest.mark.parametrize("first", WAYS)
@pytest.mark.parametrize("kind", STREAMS)
def test_two_threads_send_one_request(kind: str, first: str, second: str) -> None:
    with server_of(kind) as server, CozeClient("t" * 20, base_url=server.url) as client:
        stream, found = STREAMS[kind](client), []
        reader = threading.Thread(target=lambda: found.append(read(first, stream)))
        reader.start()
        assert server.begun.wait(10)
        with pytest.raises(CozeError, match="Another thread or task"):
            read(second, stream)
        server.answered.set()
        reader.join(10)
        assert len(server.requests) == 1
        assert is_whole(kind, first, found[0])


@pytest.mark.parametrize("options", [{}, {"transport": "aiohttp"}], ids=["httpx", "aiohttp"])
@pytest.mark.parametrize("second", WAYS)
@pytest.mark.parametrize("first", WAYS)
@pytest.mark.parametrize("kind", STREAMS)
async def test_two_tasks_send_one_request(kind: str, first: str, second: str, options: Any) -> None:
    with server_of(kind) as server:
        async with AsyncCozeClient("t" * 20, base_url=server.url, **options) as client:
            stream = STREAMS[kind](client)
            reader = asyncio.ensure_future(aread(first, stream))
            await asyncio.to_thread(server.begun.wait, 10)
            with pytest.raises(CozeError, match="Another thread or task"):
                await aread(second, stream)
            server.answered.set()
            assert is_whole(kind, first, await reader)
        assert len(server.requests) == 1


@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_whose_request_failed_sends_no_other(kind: str) -> None:
    with ScriptedServer(lambda line: line.read_request()) as server:
        with CozeClient("t" * 20, base_url=server.url, retry=None) as client:
            stream = STREAMS[kind](client)
            for way in ("enter", "enter", "iterate", "read"):
                with pytest.raises(CozeError):
                    read(way, stream)
        assert len(server.requests) == 1
