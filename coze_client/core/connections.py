"""The connections of one event loop: an idle one is used again, one whose request was given up is closed at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar

from coze_client.core.concurrency import start_task

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")
RequestT_contra = TypeVar("RequestT_contra", contravariant=True)
ResponseT_co = TypeVar("ResponseT_co", covariant=True)

MAX_IDLE = 100
IDLE_SECONDS = 30.0
_OPENED = ("connect_tcp.complete", "start_tls.complete")  # TLS wraps the connection in another object
_BEFORE_SENDING = ("connect_tcp.complete", "send_request_headers.started")


class Sender(Protocol[RequestT_contra, ResponseT_co]):
    """An HTTP transport of httpx with one connection, which its first request opens; it reports to a ``trace``."""

    async def handle_async_request(self, request: RequestT_contra, /) -> ResponseT_co:
        """Send a request; return as soon as the headers of its response arrive."""
        ...

    async def aclose(self) -> None:
        """Close the connection."""


class _Dropped(Exception):
    """Ends the opening of a connection that nobody waits for any more, before its request is sent."""


class Connection(Generic[RequestT, ResponseT]):
    """One connection; ``whole`` is True once the body of its response has been read to its end."""

    def __init__(self, sender: Sender[RequestT, ResponseT]) -> None:
        self.sender = sender
        self.opening: asyncio.Future[ResponseT] | None = None
        self.whole = False
        self.idle_since = 0.0
        self.dropped = False
        self._network: Any = None  # httpcore's network stream, once the connection is open

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """What httpx calls as the extension ``trace`` of a request at each step."""
        if event == "http11.receive_response_body.complete":
            self.whole = True
        elif event.endswith(_OPENED):
            self._network = info["return_value"]
        if self.dropped and event.endswith(_BEFORE_SENDING):
            await self.cut()
            raise _Dropped

    @property
    def is_new(self) -> bool:
        """True until the connection has been opened."""
        return self._network is None

    @property
    def is_usable(self) -> bool:
        """True if an idle connection is open, and the server has sent nothing that belongs to no request."""
        return self._network is not None and not self._network.get_extra_info("is_readable")

    async def cut(self) -> None:
        """Close the socket; whoever still reads or writes it gets an error."""
        if self._network is not None:
            with suppress(Exception):
                await self._network.aclose()


class ConnectionPool(Generic[RequestT, ResponseT]):
    """The connections of one event loop to one server; the file limit of the process is the only limit.

    Each connection has a sender of its own. A pool of httpx with several connections loses those whose task is
    cancelled while it opens or closes one, and looks at every connection for every request.
    """

    def __init__(self, new_sender: Callable[[], Sender[RequestT, ResponseT]]) -> None:
        self._new_sender = new_sender
        self._loop = asyncio.get_running_loop()
        self._idle: deque[Connection[RequestT, ResponseT]] = deque()  # the one that was used last is at the right
        self._all: set[Connection[RequestT, ResponseT]] = set()
        self._closed = False

    @property
    def busy(self) -> int:
        """The number of connections with a request, those that are being closed included."""
        return len(self._all) - len(self._idle)

    def take(self) -> Connection[RequestT, ResponseT]:
        """An idle connection, or a new one, for ``send``."""
        now = monotonic()
        while self._idle and self._idle[0].idle_since < now - IDLE_SECONDS:
            self.drop(self._idle.popleft())
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
            self.drop(connection)
        connection = Connection(self._new_sender())
        self._all.add(connection)
        return connection

    async def send(self, connection: Connection[RequestT, ResponseT], request: RequestT) -> ResponseT:
        """Send a request over a connection of ``take``; call ``release`` after its response.

        An error or a cancellation drops the connection.
        """
        connection.whole = False
        try:
            if connection.is_new:
                return await self._send_first(connection, request)
            return await connection.sender.handle_async_request(request)
        except BaseException:
            self.drop(connection)
            raise

    async def _send_first(self, connection: Connection[RequestT, ResponseT], request: RequestT) -> ResponseT:
        # A task of its own: libraries below lose a socket whose opening is cancelled in a bad moment.
        connection.opening = start_task(connection.sender.handle_async_request(request))
        await asyncio.wait({connection.opening})
        response = connection.opening.result()
        connection.opening = None
        return response

    async def release(self, connection: Connection[RequestT, ResponseT], close: Callable[[], Awaitable[None]]) -> None:
        """Close a response with `close`; keep the connection if the whole body was read, else drop it."""
        try:
            await close()
        except BaseException:
            self.drop(connection)
            raise
        if connection.whole and not self._closed and len(self._idle) < MAX_IDLE:
            connection.idle_since = monotonic()
            self._idle.append(connection)
        else:
            self.drop(connection)

    def drop(self, connection: Connection[RequestT, ResponseT]) -> None:
        """Close a connection in a task of its own, which no cancellation of the caller reaches."""
        connection.dropped = True
        start_task(self._close(connection))

    def drop_from_anywhere(self, connection: Connection[RequestT, ResponseT]) -> None:
        """Like ``drop``, for a response that was garbage collected unclosed, in any thread."""
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self.drop, connection)

    async def _close(self, connection: Connection[RequestT, ResponseT]) -> None:
        await connection.cut()
        if connection.opening:
            await asyncio.wait({connection.opening})
            if not connection.opening.cancelled():
                connection.opening.exception()  # else asyncio logs that nobody has read it
            await connection.cut()
        with suppress(Exception):
            await connection.sender.aclose()
        self._all.discard(connection)

    async def aclose(self) -> None:
        """Close all connections, also those with a request; a connection that is being opened closes itself later."""
        self._closed = True
        self._idle.clear()
        opening = [each for each in self._all if each.opening and not each.opening.done()]
        for connection in opening:
            self.drop(connection)
        await asyncio.gather(*(self._close(each) for each in self._all.difference(opening)))
