"""The sockets of asyncio clients: every wait ends at the call's deadline, and unread bytes forbid a second use."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Iterable
from typing import Any

import httpcore

from coze_client.core.alarm import Alarm
from coze_client.core.fork import generation
from coze_client.core.http import seconds_left
from coze_client.core.network import OTHER_PROCESS, Parser, has_unread_bytes, is_readable

_MOST_UNREAD = 256 * 1024
_HAPPY_EYEBALLS_DELAY = 0.25


class AsyncioStream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """A connection. ``parser`` is set by the transport, once the first response has arrived."""

    def __init__(self, timeout: float | None) -> None:
        self._usual = timeout  # a proxy's handshake gives no timeout of its own
        self._generation = generation()
        self._transport: Any = None  # asyncio.Transport, or a TLS transport over one
        self._unread: deque[bytes] = deque()
        self._unread_size = 0
        self._ended = False
        self._closed = False
        self._failure: Exception | None = None
        self._paused = False
        self._full = False  # the other side does not take what was written
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self.parser: Parser | None = None

    # What asyncio calls:

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread.append(data)
        self._unread_size += len(data)
        if self._unread_size > _MOST_UNREAD and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> None:
        self._ended = True
        _wake(self._reader)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._failure = self._failure or exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        _wake(self._writer)

    # What httpcore calls:

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        while not self._unread:
            self._check_owner(httpcore.ReadError)
            if self._closed or self._failure:
                raise httpcore.ReadError(self._failure or "The connection was closed")
            if self._ended:
                return b""
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._wait(self._reader, timeout, httpcore.ReadTimeout)
            finally:
                self._reader = None
        return self._take(max_bytes)

    def _take(self, max_bytes: int) -> bytes:
        data = self._unread.popleft()
        if len(data) > max_bytes:
            self._unread.appendleft(data[max_bytes:])
            data = data[:max_bytes]
        self._unread_size -= len(data)
        if self._paused and self._unread_size <= _MOST_UNREAD and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        self._check_owner(httpcore.WriteError)
        self._check_writable()
        self._transport.write(buffer)
        while self._full:
            self._writer = asyncio.get_running_loop().create_future()
            try:
                await self._wait(self._writer, timeout, httpcore.WriteTimeout)
            finally:
                self._writer = None
            self._check_writable()

    def _check_writable(self) -> None:
        if self._closed or self._failure or self._transport.is_closing():
            raise httpcore.WriteError(self._failure or "The connection was closed")

    def _check_owner(self, kind: type[Exception]) -> None:
        if self._generation != generation():
            raise kind(OTHER_PROCESS)

    async def _wait(self, future: asyncio.Future[None], timeout: float | None, kind: type[Exception]) -> None:
        seconds = seconds_left(self._usual if timeout is None else timeout)
        if seconds is None:
            await future
            return
        timer = asyncio.get_running_loop().call_later(seconds, _fail, future, kind)
        try:
            await future
        finally:
            timer.cancel()

    async def aclose(self) -> None:
        if self._closed or self._generation != generation():  # a fork shares its parent's selector, too
            return
        self._closed = True
        self._transport.abort()  # close() would wait until the other side has taken all
        _wake(self._reader)
        _wake(self._writer)
        await asyncio.sleep(0)  # abort() closes the socket in the next step of the loop

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncioStream:
        """Wrap the connection in TLS; a dribbling handshake ends at the timeout, too."""
        wrapped = AsyncioStream(self._usual)
        if not hasattr(self._transport, "_start_tls_compatible"):
            self._transport._start_tls_compatible = True  # Python 3.10 has TLS in TLS, but forbids it
        try:
            transport = await asyncio.get_running_loop().start_tls(
                self._transport,
                wrapped,
                ssl_context,
                server_hostname=server_hostname,
                ssl_handshake_timeout=seconds_left(self._usual if timeout is None else timeout),
            )
        except BaseException as error:
            await self.aclose()
            if isinstance(error, ConnectionAbortedError):  # so asyncio reports a handshake that takes too long
                raise httpcore.ConnectTimeout(error) from error
            if isinstance(error, (OSError, ValueError)):
                raise httpcore.ConnectError(error) from error
            raise
        if transport is None:
            raise httpcore.ConnectError("The connection was closed during the TLS handshake")
        wrapped.connection_made(transport)
        return wrapped

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks for; ``is_readable`` of an idle connection is True if it must not be used again."""
        if info == "is_readable":
            return self._has_waiting_bytes()
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._transport.get_extra_info(names.get(info, info))

    def _has_waiting_bytes(self) -> bool:
        if self._unread or self._ended or self._closed or has_unread_bytes(self.parser):
            return True
        return is_readable(self._transport.get_extra_info("socket"))


def _wake(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


def _fail(future: asyncio.Future[None], kind: type[Exception]) -> None:
    if not future.done():
        future.set_exception(kind())


class AsyncioBackend(httpcore.AsyncNetworkBackend):
    """Opens the connections of an asyncio pool."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncioStream:
        loop = asyncio.get_running_loop()
        options: dict[str, Any] = {"local_addr": (local_address, 0)} if local_address else {}
        if isinstance(loop, asyncio.BaseEventLoop):  # other loops do not know it
            options["happy_eyeballs_delay"] = _HAPPY_EYEBALLS_DELAY
        try:
            with Alarm(seconds_left(timeout)):
                transport, stream = await loop.create_connection(lambda: AsyncioStream(timeout), host, port, **options)
        except (TimeoutError, asyncio.TimeoutError) as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except (OSError, ValueError) as error:
            raise httpcore.ConnectError(str(error)) from error
        for option in socket_options or ():
            transport.get_extra_info("socket").setsockopt(*option)
        return stream
