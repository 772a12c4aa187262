"""Bytes that a server sends beyond its response never become the response of another call."""

from __future__ import annotations

import json
import ssl
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from coze_client import ConnectionFailed
from tests.support.clients import Driver
from tests.support.scripted_server import Line, ScriptedServer

# asyncio of Python 3.10 warns of TLS transports that aiohttp has closed in the last step of the loop.
pytestmark = (
    [pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]
    if sys.version_info < (3, 11)
    else []
)


def body(name: str, size: int = 0) -> bytes:
    return json.dumps({"code": 0, "data": {"id": name, "pad": "x" * size}}).encode()


def by_length(name: str, size: int = 0) -> bytes:
    data = body(name, size)
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(data), data)


def by_chunks(name: str, size: int = 0) -> bytes:
    data = body(name, size)
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)
    )


STALE = by_length("STALE")
SURPLUS = {
    "whole": [STALE],
    "twice": [STALE + STALE],
    "its start": [STALE[:30]],
    "its first byte": [STALE[:1]],
    "an empty line": [b"\r\n"],
    "garbage": [b"}" * 10],
    "much": [STALE * 100],
    "in pieces": [STALE[:20], STALE[20:]],
}


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("framed", [by_length, by_chunks], ids=["length", "chunks"])
@pytest.mark.parametrize("size", [0, 70_000], ids=["small", "large"])
@pytest.mark.parametrize("surplus", SURPLUS)
def test_what_follows_a_response_is_never_given_to_the_next_call(
    wire: Driver, tls: ssl.SSLContext, certificate: Path, secure: bool, framed: Any, size: int, surplus: str
) -> None:
    def answer(line: Line) -> None:
        while line.read_request():
            first = len(line.server.requests) == 1
            if first:
                try:
                    line.send(framed("1", size) + SURPLUS[surplus][0])
                    for piece in SURPLUS[surplus][1:]:
                        line.send(piece)
                    line.wait_until_delivered()
                finally:  # a client may close the connection as soon as it sees the surplus
                    line.server.answered.set()
            else:
                line.send(by_length("RIGHT"))

    with ScriptedServer(answer, tls if secure else None) as server:
        client = wire.client("t" * 20, base_url=server.url, ca_bundle=str(certificate), retry=None)
        with suppress(ConnectionFailed):  # aiohttp refuses a response with garbage behind it
            assert wire.run(client.files.retrieve(file_id="1")).id == "1"
        assert server.answered.wait(5)
        assert [wire.run(client.files.retrieve(file_id="1")).id for _ in range(2)] == ["RIGHT"] * 2


@pytest.mark.parametrize("size", [4096, 16384, 65536, 131072, 262144])
def test_a_response_that_fills_a_read_exactly_hides_nothing_behind_it(
    wire: Driver, tls: ssl.SSLContext, certificate: Path, size: int
) -> None:
    padding = size - len(by_length("1", size)) + size
    assert len(by_length("1", padding)) == size

    def answer(line: Line) -> None:
        while line.read_request():
            first = len(line.server.requests) == 1
            try:
                line.send(by_length("1", padding) + STALE if first else by_length("RIGHT"))
                line.wait_until_delivered()
            finally:
                line.server.answered.set()

    for secure in (False, True):
        with ScriptedServer(answer, tls if secure else None) as server:
            client = wire.client("t" * 20, base_url=server.url, ca_bundle=str(certificate), retry=None)
            assert wire.run(client.files.retrieve(file_id="1")).id == "1"
            assert server.answered.wait(5)
            assert wire.run(client.files.retrieve(file_id="1")).id == "RIGHT"


def test_a_connection_is_used_again_after_a_response_and_nothing_else(
    wire: Driver, tls: ssl.SSLContext, certificate: Path
) -> None:
    def answer(line: Line) -> None:
        while line.read_request():
            line.send(by_length("1", 70_000))
            line.read_request()
            line.send(by_chunks("1"))

    for secure in (False, True):
        with ScriptedServer(answer, tls if secure else None) as server:
            client = wire.client("t" * 20, base_url=server.url, ca_bundle=str(certificate))
            for _ in range(4):
                wire.run(client.files.retrieve(file_id="1"))
            assert server.connections == 1


def test_what_follows_a_stream_is_never_given_to_the_next_call(wire: Driver) -> None:
    events = (
        b'event:conversation.message.completed\ndata:{"id":"3","role":"assistant","type":"answer","content":"a"}\n\n'
        b'event:conversation.chat.completed\ndata:{"id":"1","conversation_id":"2","status":"completed"}\n\n'
        b'event:done\ndata:"[DONE]"\n\n'
    )

    def answer(line: Line) -> None:
        while line.read_request():
            first = len(line.server.requests) == 1
            if first:
                head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n" % len(events)
                line.send(head + events + STALE)
                line.wait_until_delivered()
                line.server.answered.set()
            else:
                line.send(by_length("RIGHT"))

    with ScriptedServer(answer) as server:
        client = wire.client("t" * 20, base_url=server.url, retry=None)
        assert wire.collect(client.chats.stream(bot_id="1", user_id="u"))[-1].type == "done"
        assert server.answered.wait(5)
        assert wire.run(client.files.retrieve(file_id="1")).id == "RIGHT"
