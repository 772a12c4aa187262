"""Run uvicorn on its own thread and a real port; starting takes milliseconds, stopping is immediate."""

from __future__ import annotations

import asyncio
import socket
import threading

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

Connections = dict[tuple[str, int], asyncio.Transport]


def bind_socket(port: int) -> socket.socket:
    """Return a loopback socket; OSError with one sentence if the port is taken."""
    # asyncio disables Nagle's algorithm only if the protocol is given; with it each reply takes 40 ms
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        sentence = f"Port {port} of 127.0.0.1 cannot be used ({reason}): choose another port, or 0 for a free one"
        raise OSError(error.errno, sentence) from error
    return listener


class Server:
    """Serves an ASGI app on 127.0.0.1; `connections` has the transports of the connected clients by their address."""

    def __init__(self, port: int = 0) -> None:
        self.connections: Connections = {}
        self._socket = bind_socket(port)
        self.port: int = self._socket.getsockname()[1]

    def start(self, app: ASGIApp) -> None:
        """Start the thread; returns when the server accepts requests."""
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(app, ready)), name=f"coze-emulator-{self.port}", daemon=True
        )
        self._thread.start()
        ready.wait()

    def stop(self) -> None:
        """Cut open connections; returns when the thread has ended."""
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    async def _serve(self, app: ASGIApp, ready: threading.Event) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        config = uvicorn.Config(
            app,
            http=self._protocol(),
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            date_header=False,
            server_header=False,
            timeout_keep_alive=600,
        )
        server = _Uvicorn(config, self._ended)
        asyncio.get_running_loop().call_soon(ready.set)
        await server.serve(sockets=[self._socket])

    def _protocol(self) -> type[asyncio.Protocol]:
        connections = self.connections

        class Protocol(H11Protocol):
            """Records the transport, which ASGI does not expose, so that a fault can cut it."""

            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn types it wider
                super().connection_made(transport)
                if self.client is not None:
                    connections[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                if self.client is not None:
                    connections.pop(self.client, None)

        return Protocol


class _Uvicorn(uvicorn.Server):
    """Stops at once: uvicorn itself checks ten times a second, and waits for clients to disconnect."""

    def __init__(self, config: uvicorn.Config, ended: asyncio.Event) -> None:
        super().__init__(config)
        self._ended = ended

    async def main_loop(self) -> None:
        await self._ended.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)
