"""A server far away: TLS over a line that needs 25 ms each way. Its certificate is made at the start."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.certificates import write_certificate

HOST, ONE_WAY = "127.0.0.1", 0.025


@dataclass(frozen=True)
class FarLine:
    """Where the far server is reached, and the certificate that a client has to trust."""

    port: int
    certificate: Path

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}"


class End(asyncio.Protocol):
    """One end of the line: what arrives here leaves the other end 25 ms later, an end of the connection, too."""

    def __init__(self, other: End | None = None) -> None:
        self.other = other
        self.waiting: list[bytes] = []  # what arrived before the other end was connected
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        for data in self.waiting:
            transport.write(data)

    def data_received(self, data: bytes) -> None:
        asyncio.get_running_loop().call_later(ONE_WAY, self.pass_on, data)

    def connection_lost(self, exc: Exception | None) -> None:
        asyncio.get_running_loop().call_later(ONE_WAY, self.hang_up)

    def pass_on(self, data: bytes) -> None:
        assert self.other is not None
        if self.other.transport is None:
            self.other.waiting.append(data)
        else:
            self.other.transport.write(data)

    def hang_up(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


@asynccontextmanager
async def serve_far(server: Callable[[], asyncio.Protocol]) -> AsyncIterator[FarLine]:
    """Serve the protocol over TLS behind a line."""
    loop, connecting = asyncio.get_running_loop(), set[asyncio.Task[object]]()
    with tempfile.TemporaryDirectory() as folder:
        certificate = write_certificate(Path(folder) / "server.pem")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        near = await loop.create_server(server, HOST, 0, ssl=context)
        port = near.sockets[0].getsockname()[1]

        def connect() -> End:
            here = End()
            here.other = End(here)
            far = here.other
            task = asyncio.ensure_future(loop.create_connection(lambda: far, HOST, port))
            connecting.add(task)
            task.add_done_callback(connecting.discard)
            return here

        line = await loop.create_server(connect, HOST, 0)
        yield FarLine(line.sockets[0].getsockname()[1], certificate)
