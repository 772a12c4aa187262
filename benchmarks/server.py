"""A loopback server that is not a bottleneck: every response except a paced stream is encoded beforehand.

``with Server() as server`` runs it in a separate process, which ends when its standard input closes.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from benchmarks import wire
from benchmarks.far_line import FarLine, serve_far

ROUTES: dict[str, wire.Dialect] = {"v3/chat": "v3", "open_api/v2/chat": "v2", "v1/chat/completions": "openai"}
WORKFLOWS = "v1/workflows"
SPEECH = "v1/audio/speech"
DOCUMENTS = "open_api/knowledge/document/list"
TOKEN = "api/permission/oauth2/token"
PAGE_NUMBER = re.compile(r"page_num=(\d+)")
LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
STREAMED = re.compile(rb'"stream":\s*true')
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Server(ExitStack):
    """Starts the server's process, builds its URLs and counts its requests."""

    def __init__(self) -> None:
        super().__init__()
        command = [sys.executable, "-m", "benchmarks.server"]
        process = self.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        assert process.stdout is not None
        self.port = int(process.stdout.readline())
        self.far_line = FarLine(int(process.stdout.readline()), Path(process.stdout.readline().strip()))
        self.control = self.enter_context(closing(http.client.HTTPConnection("127.0.0.1", self.port)))

    def url(self, shape: wire.Shape, *, far: bool = False) -> str:
        """Returns the base URL under which every endpoint responds in this shape; `far`: over TLS and a slow line."""
        return f"{self.far_line.url}/{shape}" if far else f"http://127.0.0.1:{self.port}/{shape}"

    def counts(self) -> dict[str, int]:
        """Returns the numbers of ``requests`` and ``connections`` of the contenders so far."""
        self.control.request("GET", "/counts")
        counts: dict[str, int] = json.loads(self.control.getresponse().read())
        return counts


class Paced:
    """A running stream: a delta is due every ``shape.pause`` milliseconds, even if the one before was sent late."""

    def __init__(self, shape: wire.Shape, write: Callable[[bytes], None]) -> None:
        self.shape, self.write, self.sent = shape, write, list[str]()
        self.loop = asyncio.get_running_loop()
        write(wire.STREAM_HEAD + wire.http_chunk(wire.v3_opening()))
        self.recalls = shape.kind == "recall"
        self.due = self.loop.time()
        self.wait()

    def wait(self) -> None:
        self.due += self.shape.pause / 1000
        self.timer = self.loop.call_at(self.due, self.step)

    def step(self) -> None:
        if self.recalls:
            self.recalls = False
            self.write(wire.http_chunk(wire.v3_recall()))
            self.wait()
            return
        if len(self.sent) == self.shape.size:
            self.write(wire.http_chunk(wire.v3_ending("".join(self.sent))) + wire.LAST_CHUNK)
            return
        self.sent.append(wire.stamp(self.loop.time()))  # asyncio's clock is time.monotonic, which all processes share
        self.write(wire.http_chunk(wire.v3_delta(self.sent[-1])))
        self.wait()


class Connection(asyncio.Protocol):
    """One kept-alive HTTP/1.1 connection; a request's body must have a Content-Length."""

    requests = connections = 0  # of all contenders

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        Connection.connections += 1
        assert isinstance(transport, asyncio.Transport)
        self.write = transport.write
        self.received = b""
        self.paced: Paced | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self.paced:
            self.paced.timer.cancel()

    def data_received(self, data: bytes) -> None:
        self.received += data
        while b"\r\n\r\n" in self.received:
            head_end = self.received.index(b"\r\n\r\n") + 4
            length = LENGTH.search(self.received, 0, head_end)
            end = head_end + (int(length[1]) if length else 0)
            if len(self.received) < end:
                return
            path = self.received.split(b" ", 2)[1].decode()
            body, self.received = self.received[head_end:end], self.received[end:]
            path, _, query = path.partition("?")
            self.answer(path.strip("/"), query, body)

    def answer(self, path: str, query: str, body: bytes) -> None:
        if path == "counts":
            self.write(wire.http_json({"requests": Connection.requests, "connections": Connection.connections}))
            return
        Connection.requests += 1
        segment, _, route = path.partition("/")
        shape = wire.Shape.parse(segment)
        if shape.kind == "answer":
            asyncio.get_running_loop().call_later(shape.pause / 1000, self.write, small_answer(route, query, body))
        elif shape.kind == "sound" and route == SPEECH:
            self.write(wire.sound(shape.size))
        elif route not in ROUTES:
            self.write(NOT_FOUND)
        elif shape.kind in ("paced", "recall"):
            self.paced = Paced(shape, self.write)
        else:
            made = wire.stream if STREAMED.search(body) else wire.whole
            self.write(made(ROUTES[route], shape))


def small_answer(route: str, query: str, body: bytes) -> bytes:
    """Returns the response to a call without a stream."""
    if route == WORKFLOWS:
        page = PAGE_NUMBER.search(query)
        return wire.workflows(int(page[1]) if page else 1)
    if route == DOCUMENTS:
        return wire.documents(int(json.loads(body)["page"]))
    folder, _, name = route.rpartition("/")
    if folder == WORKFLOWS:
        return wire.workflow(name)
    return wire.token() if route == TOKEN else wire.small()


async def serve() -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with serve_far(Connection) as line:
        print(line.port, line.certificate, sep="\n", flush=True)
        await ended.wait()


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(serve())
