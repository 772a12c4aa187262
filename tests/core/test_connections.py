"""Connections of asyncio: whatever is given up is closed, whatever is finished is used again, and many may be open."""

from __future__ import annotations

import asyncio
import gc
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import pytest

from coze_client import AsyncCozeClient, Message, TimedOut, Timeout
from coze_client.core.connections import IDLE_SECONDS, MAX_IDLE, Connection, ConnectionPool
from coze_client.emulator import Emulator
from tests.support.open_server import OpenServer

TRANSPORTS: dict[str, dict[str, Any]] = {"httpx": {}, "aiohttp": {"transport": "aiohttp"}}
Work = Callable[[AsyncCozeClient, asyncio.Event], Awaitable[None]]


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> dict[str, Any]:
    return TRANSPORTS[request.param]


def ask(client: AsyncCozeClient, **options: Any) -> Any:
    return client.chats.stream(
        bot_id="1", user_id="u", additional_messages=[Message.user("hi")], cancel_on_close=False, **options
    )


async def read_stream(client: AsyncCozeClient, begun: asyncio.Event) -> None:
    async with ask(client) as stream:
        async for _ in stream:
            begun.set()


async def iterate_stream(client: AsyncCozeClient, begun: asyncio.Event) -> None:
    async for _ in ask(client):
        begun.set()


async def call(client: AsyncCozeClient, begun: asyncio.Event) -> None:
    await client.conversations.create()


# --- cancellation ---


async def cancel_once(task: asyncio.Task[None]) -> None:
    task.cancel()


async def cancel_twice(task: asyncio.Task[None]) -> None:
    task.cancel()
    for _ in range(random.Random(id(task)).randrange(4)):
        await asyncio.sleep(0)
    task.cancel()


async def cancel_until_it_ends(task: asyncio.Task[None]) -> None:
    """What anyio's cancel scopes do, and with them Starlette."""
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)


CANCEL = [cancel_once, cancel_twice, cancel_until_it_ends]


@pytest.mark.parametrize("cancel", CANCEL)
@pytest.mark.parametrize("work", [read_stream, iterate_stream, call])
async def test_a_task_that_is_cancelled_before_the_answer_leaves_no_connection(
    transport: dict[str, Any], work: Work, cancel: Callable[[asyncio.Task[None]], Awaitable[None]]
) -> None:
    async with OpenServer(b"") as server, AsyncCozeClient("t", base_url=server.url, retry=None, **transport) as client:
        for steps in range(60):  # of the event loop: connecting and sending take about thirty
            tasks = [asyncio.ensure_future(work(client, asyncio.Event())) for _ in range(3)]
            for _ in range(steps):
                await asyncio.sleep(0)
            await asyncio.gather(*map(cancel, tasks))
            await asyncio.wait(tasks)
        assert server.opened
        assert await server.all_closed(), f"{len(server.connections)} of {server.opened} connections are still open"


@pytest.mark.parametrize("cancel", CANCEL)
@pytest.mark.parametrize("work", [read_stream, iterate_stream])
async def test_a_task_that_is_cancelled_in_the_middle_of_a_stream_leaves_no_connection(
    transport: dict[str, Any], work: Work, cancel: Callable[[asyncio.Task[None]], Awaitable[None]]
) -> None:
    async with OpenServer() as server, AsyncCozeClient("t", base_url=server.url, retry=None, **transport) as client:
        for steps in range(60):
            begun = asyncio.Event()
            task = asyncio.ensure_future(work(client, begun))
            await begun.wait()
            for _ in range(steps % 5):
                await asyncio.sleep(0)
            await cancel(task)
            await asyncio.wait({task})
        assert await server.all_closed()


@pytest.mark.parametrize("cancel", CANCEL)
async def test_cancellations_at_random_moments_leave_no_connection(
    transport: dict[str, Any], cancel: Callable[[asyncio.Task[None]], Awaitable[None]]
) -> None:
    chance = random.Random(1)
    async with OpenServer() as server, AsyncCozeClient("t", base_url=server.url, retry=None, **transport) as client:

        async def visitors() -> None:
            for _ in range(20):
                task = asyncio.ensure_future(read_stream(client, asyncio.Event()))
                for _ in range(chance.randrange(200)):  # steps, not time: a slow machine would begin nothing
                    await asyncio.sleep(0)
                await cancel(task)
                await asyncio.wait({task})

        await asyncio.gather(*(visitors() for _ in range(20)))
        assert server.requests, "some were cancelled after they had begun"
        assert await server.all_closed()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        pending = (await asyncio.wait(others, timeout=10))[1] if others else set()
        assert not pending, "nothing goes on in the background"


async def test_a_cancel_scope_of_anyio_leaves_no_connection(transport: dict[str, Any]) -> None:
    async with OpenServer() as server, AsyncCozeClient("t", base_url=server.url, retry=None, **transport) as client:
        for number in range(40):
            begun = asyncio.Event()
            async with anyio.create_task_group() as group:
                group.start_soon(read_stream, client, begun)
                if number % 2:
                    await begun.wait()
                group.cancel_scope.cancel()
        assert await server.all_closed()


async def test_a_cancelled_reader_of_a_cancel_scope_still_cancels_its_chat(
    emulator: Emulator, transport: dict[str, Any]
) -> None:
    async with AsyncCozeClient(emulator.token, base_url=emulator.url, **transport) as client:
        begun = asyncio.Event()

        async def read() -> None:
            asked = {"bot_id": emulator.bots["slow"], "user_id": "u", "additional_messages": [Message.user("hi")]}
            async with client.chats.stream(**asked) as stream:  # type: ignore[arg-type]  # values of several types
                async for event in stream:
                    if event.delta:
                        begun.set()

        async with anyio.create_task_group() as group:
            group.start_soon(read)
            await begun.wait()
            group.cancel_scope.cancel()
        await asyncio.to_thread(emulator.wait_until, lambda: len(emulator.calls_to("/v3/chat/cancel")) == 1)
        await asyncio.to_thread(emulator.wait_until, lambda: emulator.open_streams == 0)


async def test_a_request_that_is_cancelled_while_it_connects_is_never_sent() -> None:
    async with OpenServer(b"") as server, AsyncCozeClient("t", base_url=server.url) as client:
        for steps in range(60):
            task = asyncio.ensure_future(call(client, asyncio.Event()))
            for _ in range(steps):
                await asyncio.sleep(0)
            connected = bool(server.opened)
            await cancel_once(task)
            await asyncio.wait({task})
            if connected:
                break
        assert server.opened
        assert await server.all_closed()
        assert server.requests == 0


async def test_a_tls_handshake_that_is_cancelled_leaves_no_connection(transport: dict[str, Any]) -> None:
    async with OpenServer(b"") as server:
        url = server.url.replace("http:", "https:")
        async with AsyncCozeClient("t", base_url=url, retry=None, **transport) as client:
            for cancel in CANCEL:
                task = asyncio.ensure_future(call(client, asyncio.Event()))
                while not server.connections:
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.01)
                await cancel(task)
                await asyncio.wait({task})
                assert await server.all_closed()


async def test_a_stream_whose_closing_is_cancelled_is_closed(transport: dict[str, Any]) -> None:
    async with OpenServer() as server, AsyncCozeClient("t", base_url=server.url, retry=None, **transport) as client:
        for cancel in CANCEL:
            stream = ask(client)
            await anext(stream)
            closing = asyncio.ensure_future(stream.aclose())
            await asyncio.sleep(0)
            await cancel(closing)
            await asyncio.wait({closing})
            assert await server.all_closed()


async def test_a_timeout_closes_the_connection(transport: dict[str, Any]) -> None:
    options = {"retry": None, "timeout": Timeout(read=0.05), **transport}
    async with OpenServer(b"") as server, AsyncCozeClient("t", base_url=server.url, **options) as client:
        with pytest.raises(TimedOut):
            await client.conversations.create()
        assert await server.all_closed()


# --- the garbage collector ---


async def test_streams_that_are_dropped_unread_leave_no_connection(transport: dict[str, Any]) -> None:
    async with OpenServer() as server, AsyncCozeClient("t", base_url=server.url, **transport) as client:

        async def entered() -> None:
            await ask(client).__aenter__()

        async def begun() -> None:
            await anext(ask(client))

        for drop in (entered, begun):
            await drop()
            gc.collect()
            assert await server.all_closed(), drop.__name__


# --- reuse ---


class Network:
    """What httpcore reports as the network stream of a connection."""

    def __init__(self) -> None:
        self.readable = self.closed = False

    def get_extra_info(self, name: str) -> bool:
        assert name == "is_readable"
        return self.readable

    async def aclose(self) -> None:
        self.closed = True


class Line:
    """A sender that opens at once and answers with the request."""

    def __init__(self) -> None:
        self.network = Network()
        self.requests: list[str] = []
        self.closed = False
        self.connection: Connection[str, str]

    async def handle_async_request(self, request: str) -> str:
        if not self.requests:
            await self.connection.trace("connection.connect_tcp.complete", {"return_value": self.network})
        await self.connection.trace("http11.send_request_headers.started", {})
        self.requests.append(request)
        return request

    async def aclose(self) -> None:
        self.closed = True


class Lines:
    """A pool over such senders."""

    def __init__(self) -> None:
        self.made: list[Line] = []
        self.pool: ConnectionPool[str, str] = ConnectionPool(self._new)

    def _new(self) -> Line:
        self.made.append(Line())
        return self.made[-1]

    async def begin(self, request: str) -> Connection[str, str]:
        connection = self.pool.take()
        self.made[-1].connection = connection
        assert await self.pool.send(connection, request) == request
        return connection

    async def end(self, connection: Connection[str, str], *, whole: bool = True) -> None:
        if whole:
            await connection.trace("http11.receive_response_body.complete", {})
        await self.pool.release(connection, self._closing)

    async def _closing(self) -> None: ...


@pytest.fixture
async def lines() -> AsyncIterator[Lines]:
    lines = Lines()
    yield lines
    await lines.pool.aclose()
    assert all(line.closed for line in lines.made)


async def test_the_connection_that_was_used_last_is_used_first(lines: Lines) -> None:
    first, second = await lines.begin("a"), await lines.begin("b")
    await lines.end(first)
    await lines.end(second)
    assert await lines.begin("c") is second
    assert await lines.begin("d") is first
    assert lines.pool.busy == 2


async def test_a_connection_whose_response_was_not_read_to_its_end_is_closed(lines: Lines) -> None:
    await lines.end(await lines.begin("a"), whole=False)
    await asyncio.sleep(0.01)
    assert lines.made[0].network.closed
    await lines.begin("b")
    assert len(lines.made) == 2


async def test_a_whole_response_says_nothing_about_the_next_one(lines: Lines) -> None:
    connection = await lines.begin("a")
    await lines.end(connection)
    assert await lines.begin("b") is connection
    await lines.end(connection, whole=False)
    await asyncio.sleep(0.01)
    assert lines.pool.busy == 0
    assert lines.made[0].closed


async def test_an_idle_connection_to_which_the_server_sent_or_which_it_closed_is_not_used(lines: Lines) -> None:
    connection = await lines.begin("a")
    await lines.end(connection)
    lines.made[0].network.readable = True
    assert await lines.begin("b") is not connection


async def test_old_idle_connections_are_closed_by_the_next_use(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    connections = [await lines.begin("a") for _ in range(5)]
    for connection in connections:
        await lines.end(connection)
    now = connections[-1].idle_since
    monkeypatch.setattr("coze_client.core.connections.monotonic", lambda: now + IDLE_SECONDS + 1)
    await lines.begin("b")
    await asyncio.sleep(0.01)
    assert [line.closed for line in lines.made] == [True] * 5 + [False]


async def test_after_a_crowd_a_bounded_number_of_connections_is_kept(lines: Lines) -> None:
    for connection in [await lines.begin("a") for _ in range(MAX_IDLE + 20)]:
        await lines.end(connection)
    await asyncio.sleep(0.01)
    assert sum(not line.closed for line in lines.made) == MAX_IDLE


async def test_a_response_whose_closing_fails_costs_the_connection(lines: Lines) -> None:
    async def closing() -> None:
        raise OSError

    connection = await lines.begin("a")
    await connection.trace("http11.receive_response_body.complete", {})
    with pytest.raises(OSError):
        await lines.pool.release(connection, closing)
    await asyncio.sleep(0.01)
    assert lines.made[0].closed


async def test_finished_streams_and_calls_share_one_connection(emulator: Emulator, transport: dict[str, Any]) -> None:
    async with AsyncCozeClient(emulator.token, base_url=emulator.url, **transport) as client:
        for number in range(5):
            asked = [Message.user(str(number))]
            await client.chats.stream(bot_id=emulator.bots["echo"], user_id="u", additional_messages=asked).read()
            await client.conversations.create()
        assert len(emulator._server.connections) == 1


# --- many at once ---


async def test_more_streams_than_httpx_would_allow_are_open_at_once(transport: dict[str, Any]) -> None:
    async with OpenServer() as server, AsyncCozeClient("t", base_url=server.url, **transport) as client:
        streams = [ask(client) for _ in range(300)]
        await asyncio.gather(*(anext(stream) for stream in streams))
        assert len(server.connections) == 300
        await asyncio.gather(*(stream.aclose() for stream in streams))
        assert await server.all_closed()


BEYOND_THE_FILE_LIMIT = """
import asyncio, resource, sys
from coze_client import AsyncCozeClient, CozeError, Message
from coze_client.emulator import Emulator

async def main(url, token, bot, **options):
    async with AsyncCozeClient(token, base_url=url, retry=None, **options) as client:
        async def one():
            asked = dict(bot_id=bot, user_id="u", additional_messages=[Message.user("x")], cancel_on_close=False)
            try:
                async with client.chats.stream(**asked) as stream:
                    await anext(stream)
                    await asyncio.sleep(0.5)
            except CozeError as error:
                return str(error), error.sent
            return "open", True
        resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))
        print(*{f"{sent} {text}" for text, sent in await asyncio.gather(*(one() for _ in range(100)))}, sep="\\n")

asyncio.run(main(*sys.argv[1:4], **(dict(transport=sys.argv[4]) if sys.argv[4:] else {})))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file limit")
def test_streams_beyond_the_file_limit_fail_with_its_name_and_the_others_go_on(
    emulator: Emulator, transport: dict[str, Any]
) -> None:
    command = [sys.executable, "-c", BEYOND_THE_FILE_LIMIT, emulator.url, emulator.token, emulator.bots["slow"]]
    ended = subprocess.run([*command, *transport.values()], capture_output=True, text=True, timeout=60, check=True)
    opened, failed = sorted(ended.stdout.splitlines(), reverse=True)
    assert opened == "True open"
    assert failed.startswith(
        f"False No connection to {emulator.url[7:]}: this process may open 60 files and sockets, and all are in use."
    )
    assert "ulimit" in failed
