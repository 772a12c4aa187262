"""`Timeout(deadline=…)` ends a call on time on every transport, whatever the server, proxy or name server does."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import repeat
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest

from coze_client import CozeError, TimedOut, Timeout
from coze_client.core.alarm import Alarm
from coze_client.core.http import Wait, seconds_left
from tests.support.clients import AsyncioDriver, BlockingDriver, Driver
from tests.support.scripted_server import Line, ScriptedServer, json_answer

SHORT = Timeout(connect=5, read=5, deadline=0.1)
ON_TIME = 3.0  # seconds; each of these servers would go on for a minute
JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def call(driver: Driver, client: Any) -> None:
    driver.run(client.files.retrieve(file_id="1"))


def stream(driver: Driver, client: Any) -> None:
    driver.collect(client.chats.stream(bot_id="1", user_id="u"))


def read_stream(driver: Driver, client: Any) -> None:
    driver.run(client.chats.stream(bot_id="1", user_id="u").read())


def run_workflow(driver: Driver, client: Any) -> None:
    driver.run(client.workflows.execute(workflow_id="1", parameters={}, mode="stream"))


def upload(driver: Driver, client: Any) -> None:
    driver.run(client.files.upload(b"\0" * 30_000_000))


CALLS = [call, stream, read_stream, run_workflow]


def assert_ends_on_time(ask: Callable[[], None]) -> None:
    begun = monotonic()
    with pytest.raises(CozeError, match="deadline"):
        ask()
    assert monotonic() - begun < ON_TIME


@pytest.mark.parametrize("ask", CALLS)
@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 OK\r\nX: ", b"a"),
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
        (JSON_HEAD, b" "),
        (JSON_HEAD, b""),
        (STREAM_HEAD, b": ping\n\n"),
        (STREAM_HEAD, b"d"),
        (STREAM_HEAD, b""),
        (STREAM_HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n1;x="), b"x"),
    ],
    ids=["silence", "head", "102", "103", "body", "silent body", "comments", "field", "silent stream", "chunk head"],
)
def test_an_answer_in_drops_ends_at_the_deadline(
    wire: Driver, start: bytes, piece: bytes, ask: Callable[[Driver, Any], None]
) -> None:
    def answer(line: Line) -> None:
        line.read_request()
        line.send(start)
        line.dribble(repeat(piece)) if piece else line.wait()

    with ScriptedServer(answer) as server:
        client = wire.client("t" * 20, base_url=server.url, timeout=SHORT)
        assert_ends_on_time(lambda: ask(wire, client))


def test_a_body_that_nobody_takes_ends_at_the_deadline(wire: Driver) -> None:
    def take_little(line: Line) -> None:
        while not line.server.over.wait(0.02):
            line.connection.recv(10)

    with ScriptedServer(take_little) as server:
        client = wire.client("t" * 20, base_url=server.url, timeout=SHORT)
        assert_ends_on_time(lambda: upload(wire, client))


def test_a_tls_handshake_in_drops_ends_at_the_deadline(wire: Driver) -> None:
    def shake(line: Line) -> None:
        line.send(b"\x16\x03\x03\x40\x00")
        line.dribble(repeat(b"\x02"))

    with ScriptedServer(shake) as server:
        client = wire.client("t" * 20, base_url=f"https://127.0.0.1:{server.port}", timeout=SHORT)
        assert_ends_on_time(lambda: call(wire, client))


def test_a_step_of_a_flow_ends_at_the_clients_deadline_though_the_flow_may_go_on(
    wire: Driver, sleeps: list[float]
) -> None:
    begun = b'{"code":0,"data":{"id":"7","conversation_id":"8","status":"in_progress"}}'

    def answer(line: Line) -> None:
        while request := line.read_request():
            line.wait() if b"/v3/chat/retrieve" in request else line.send(json_answer(begun))

    with ScriptedServer(answer) as server:
        client = wire.client("t" * 20, base_url=server.url, timeout=SHORT)
        assert_ends_on_time(lambda: wire.run(client.chats.create_and_poll(bot_id="1", user_id="u", deadline=30)))


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX: "], ids=["silence", "head"])
def test_a_proxy_that_does_not_connect_ends_at_the_deadline(wire: Driver, start: bytes) -> None:
    def connect(line: Line) -> None:
        line.read_request()
        line.send(start)
        line.dribble(repeat(b"a" if start else b""))

    with ScriptedServer(connect) as proxy:
        client = wire.client("t" * 20, base_url="https://127.0.0.1:1", proxy=proxy.url, timeout=SHORT)
        assert_ends_on_time(lambda: call(wire, client))


@pytest.mark.parametrize("kind", [BlockingDriver, AsyncioDriver], ids=lambda kind: kind.name)
def test_a_socks_proxy_that_is_silent_ends_at_the_deadline(kind: type[Driver]) -> None:
    pytest.importorskip("socksio")
    driver = kind()
    with ScriptedServer(Line.wait) as proxy:
        url = f"socks5://127.0.0.1:{proxy.port}"
        client = driver.client("t" * 20, base_url="https://127.0.0.1:1", proxy=url, timeout=SHORT)
        assert_ends_on_time(lambda: call(driver, client))
        driver.close()


def test_tls_through_a_tls_proxy_works_and_ends_at_the_deadline(
    tls: ssl.SSLContext, certificate: Path, driver: Driver
) -> None:
    """The proxy and the server behind it are one: it connects the client to itself."""
    silent = threading.Event()

    def serve(line: Line) -> None:
        line.read_request()
        line.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        inner = tls.wrap_bio(incoming, outgoing, server_side=True)

        def run(step: Callable[[], Any]) -> Any:
            done: list[Any] = []
            while not done:
                with suppress(ssl.SSLWantReadError):
                    done.append(step())
                line.send(outgoing.read())
                if not done:
                    incoming.write(line.connection.recv(65536))
            return done[0]

        run(inner.do_handshake)
        while b"\r\n\r\n" in run(lambda: inner.read(65536)):
            if silent.is_set():
                line.wait()
            answer = b'HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n{"code":0,"data":{"id":"7"}}'
            for byte in answer:
                run(lambda: inner.write(bytes([byte])))  # noqa: B023 - run at once

    with ScriptedServer(serve, tls) as server:
        client = driver.client(
            "t" * 20, base_url="https://127.0.0.1:1", proxy=server.url, ca_bundle=str(certificate), timeout=Timeout()
        )
        for _ in range(2):
            assert driver.run(client.files.retrieve(file_id="7")).id == "7"
        silent.set()
        assert_ends_on_time(lambda: call(driver, client.options(timeout=SHORT)))


def test_a_name_server_that_hangs_ends_at_the_deadline(wire: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    found = threading.Event()

    def look_up(*_: object, **__: object) -> Any:
        found.wait(60)
        raise socket.gaierror("no such host")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    client = wire.client("t" * 20, base_url="http://coze.invalid", timeout=SHORT)
    try:
        assert_ends_on_time(lambda: call(wire, client))
    finally:
        found.set()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_deadline_changes_nothing_for_a_server_that_answers(wire: Driver, host: str) -> None:
    def answer(line: Line) -> None:
        while line.read_request():
            line.send(b'HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n{"code":0,"data":{"id":"7"}}')

    with ScriptedServer(answer) as server:
        client = wire.client("t" * 20, base_url=f"http://{host}:{server.port}", timeout=Timeout(deadline=30))
        for _ in range(3):
            assert wire.run(client.files.retrieve(file_id="7")).id == "7"
        assert server.connections == 1


@pytest.mark.parametrize("host", ["nowhere.invalid", "127.0.0.1"])
def test_a_host_that_cannot_be_reached_is_reported_as_that(wire: Driver, host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    client = wire.client("t" * 20, base_url=f"http://{host}:{port}", timeout=Timeout(deadline=30), retry=None)
    with pytest.raises(CozeError, match="No connection") as failed:
        call(wire, client)
    assert not getattr(failed.value, "sent", True)


def test_a_client_of_the_users_on_asyncio_ends_at_the_deadline() -> None:
    async def main(server: ScriptedServer) -> None:
        driver = AsyncioDriver()
        own = httpx.AsyncClient()
        client = driver.client("t" * 20, base_url=server.url, http_client=own, timeout=SHORT)
        try:
            await client.files.retrieve(file_id="1")
        finally:
            await own.aclose()
            driver.loop.close()

    def answer(line: Line) -> None:
        line.read_request()
        line.send(b"HTTP/1.1 200 OK\r\nX: ")
        line.dribble(repeat(b"a"))

    with ScriptedServer(answer) as server:
        assert_ends_on_time(lambda: asyncio.run(main(server)))


def test_the_wait_between_two_pieces_is_still_its_own_timeout(wire: Driver) -> None:
    def answer(line: Line) -> None:
        line.read_request()
        line.send(JSON_HEAD)
        line.wait()

    with ScriptedServer(answer) as server:
        client = wire.client("t" * 20, base_url=server.url, timeout=Timeout(read=0.2, deadline=60), retry=None)
        with pytest.raises(TimedOut, match="sent nothing"):
            call(wire, client)


def test_after_done_a_stream_ends_within_a_second_whatever_the_server_still_sends(wire: Driver) -> None:
    events = (
        b'event:conversation.message.completed\ndata:{"id":"3","role":"assistant","type":"answer","content":"a"}\n\n'
        b'event:conversation.chat.completed\ndata:{"id":"1","conversation_id":"2","status":"completed"}\n\n'
    )

    def answer(line: Line) -> None:
        line.read_request()
        line.send(STREAM_HEAD + events + b'event:done\ndata:"[DONE]"\n\n')
        line.dribble(repeat(b": keep-alive\n\n"), 0.2)

    with ScriptedServer(answer) as server:
        client = wire.client("t" * 20, base_url=server.url)
        begun = monotonic()
        assert wire.collect(client.chats.stream(bot_id="1", user_id="u"))[-1].type == "done"
        assert monotonic() - begun < ON_TIME


def test_a_wait_ends_at_its_deadline_and_is_never_longer_than_itself() -> None:
    now = monotonic()
    assert seconds_left(None) is None
    assert seconds_left(7.0) == 7.0
    assert seconds_left(Wait(7.0, now + 100)) == 7.0
    assert 0 < (seconds_left(Wait(7.0, now + 3)) or 0) <= 3
    assert 0 < (seconds_left(Wait(7.0, now - 3)) or 0) < 0.1


# --- the alarm ---


def test_an_alarm_ends_what_is_awaited_and_only_that() -> None:
    async def main() -> str:
        with Alarm(30):
            await asyncio.sleep(0)
        with Alarm(None):
            await asyncio.sleep(0)
        with pytest.raises(asyncio.TimeoutError), Alarm(0.01):
            await asyncio.sleep(60)
        await asyncio.sleep(0.02)  # no cancellation is left over
        return "done"

    assert asyncio.run(main()) == "done"


def test_an_alarm_leaves_a_cancellation_of_somebody_else_alone() -> None:
    async def wait() -> None:
        with Alarm(30):
            await asyncio.sleep(60)

    async def main() -> bool:
        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        return task.cancelled()

    assert asyncio.run(main())
