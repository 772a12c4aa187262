"""A server on the test's own event loop that never finishes a response; it knows which connections are open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType

from typing_extensions import Self

from tests.support.raw_server import stream

DELTA = b'event:conversation.message.delta\ndata:{"id":"1","role":"assistant","type":"answer","content":"word"}\n\n'


class OpenServer:
    """Answers each request with `response` and leaves it open; `connections` are those that the client has not closed.

    By default the response is a stream with one delta and no end. With ``b""`` nothing is ever sent.
    """

    def __init__(self, response: bytes = stream(DELTA, end=False)) -> None:
        self._response = response
        self.connections: set[asyncio.BaseTransport] = set()
        self.opened = 0
        self.requests = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(self._protocol(), "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for connection in list(self.connections):
            connection.close()
        await asyncio.sleep(0)

    def _protocol(self) -> Callable[[], asyncio.Protocol]:
        server, response = self, self._response

        class Connection(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                assert isinstance(transport, asyncio.Transport)
                self.transport = transport
                server.connections.add(transport)
                server.opened += 1

            def data_received(self, data: bytes) -> None:
                if b"\r\n\r\n" in data:
                    server.requests += 1
                    self.transport.write(response)

            def connection_lost(self, error: Exception | None) -> None:
                server.connections.discard(self.transport)

        return Connection

    async def all_closed(self, seconds: float = 10.0) -> bool:
        """Wait until the client has closed every connection; False after `seconds`."""
        for _ in range(int(seconds / 0.01)):
            if not self.connections:
                return True
            await asyncio.sleep(0.01)
        return False
