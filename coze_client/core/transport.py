"""The only file that sends over the HTTP library, httpx: sends requests, reads responses, translates its errors."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from functools import lru_cache, partial
from importlib.util import find_spec
from itertools import chain
from math import inf
from time import monotonic
from types import SimpleNamespace
from typing import Any, Literal, cast

import httpx

from coze_client.core.alarm import Alarm
from coze_client.core.concurrency import running_loop
from coze_client.core.config import Config, Timeout
from coze_client.core.connections import Connection, ConnectionPool
from coze_client.core.decoding import Decoder, Undecodable, decoder_for
from coze_client.core.file_limit import file_limit, file_limit_reached
from coze_client.core.http import BodyBuffer, HttpRequest, Wait
from coze_client.core.pools import LoopLease, LoopPools, PoolKey, ProcessLease, ProcessPools
from coze_client.core.proxy import proxy_url
from coze_client.core.response import RawResponse
from coze_client.core.tls import TlsContexts
from coze_client.errors import ConfigurationError, ConnectionFailed, TimedOut, TransportError

HTTP_ERRORS = (httpx.HTTPError, httpx.StreamError)
"""What an iterator over a body raises when the connection breaks; ``translate_error`` converts it."""

_MAX_DRAINED_PIECES = 64
_CHECK_ROUTE = "Check base_url, the proxy and the network"
_LONGER = "Raise timeout.read if the server needs longer"
_CLOCK_STEP = 0.01

# httpx checks every idle connection at each request of a blocking client, so few are kept alive.
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=30.0)
_ONE_CONNECTION = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=None)
tls_context = TlsContexts(httpx.create_ssl_context)


def translate_error(error: Exception, route: str = "", deadline: float = inf) -> TransportError:
    """Convert an error of httpx; ``sent`` of the result is False if the request certainly never left.

    `route`: the server and the proxy before it, for errors of connecting. A timeout names its setting; a wait that
    ended at `deadline` is told as that.
    """
    reason = str(error) or type(error).__name__
    if isinstance(error, httpx.TimeoutException) and monotonic() >= deadline - _CLOCK_STEP:
        unsent = isinstance(error, (httpx.ConnectTimeout, httpx.PoolTimeout))
        return TimedOut(
            "The call took longer than timeout.deadline",
            sent=not unsent,
            cure="Raise timeout.deadline if the call needs more time",
        )
    if isinstance(error, httpx.ConnectTimeout):
        return TimedOut(f"No connection{route} within timeout.connect", sent=False, cure=_CHECK_ROUTE)
    if isinstance(error, httpx.PoolTimeout):
        return TimedOut(
            f"No free connection{route} within timeout.read", sent=False, cure="Send fewer requests at the same time"
        )
    if isinstance(error, httpx.WriteTimeout):
        return TimedOut("The server took nothing for longer than timeout.read", cure=_LONGER)
    if isinstance(error, httpx.TimeoutException):
        return TimedOut("The server sent nothing for longer than timeout.read", cure=_LONGER)
    if isinstance(error, httpx.ConnectError) and file_limit_reached(error):
        return ConnectionFailed(
            f"No connection{route}: this process may open {file_limit()} files and sockets, and all are in use",
            sent=False,
            cure="Raise the limit (ulimit -n), or open fewer streams at once",
        )
    if isinstance(error, (httpx.ConnectError, httpx.ProxyError, httpx.UnsupportedProtocol)):
        return ConnectionFailed(f"No connection{route}: {reason}", sent=False, cure=_CHECK_ROUTE)
    if isinstance(error, httpx.DecodingError):
        return ConnectionFailed(
            f"The server's answer cannot be unpacked: {reason}", cure="Check what stands between here and the server"
        )
    return ConnectionFailed(f"The connection broke: {reason}")


def _httpx_request(http_request: HttpRequest) -> httpx.Request:
    url = _httpx_url(http_request.url)
    extensions = {"timeout": _waits(http_request.timeout, http_request.deadline)}
    if http_request.upload:
        files = {"file": http_request.upload.part()}
        return httpx.Request(http_request.method, url, headers=http_request.headers, files=files, extensions=extensions)
    if http_request.content is None:
        return httpx.Request(http_request.method, url, headers=http_request.headers, extensions=extensions)
    # For a body given as a stream, httpx adds no headers of its own; this takes half the time.
    headers = {"host": url.netloc.decode(), "content-length": str(len(http_request.content)), **http_request.headers}
    body = httpx.ByteStream(http_request.content)
    request = httpx.Request(http_request.method, url, headers=headers, stream=body, extensions=extensions)
    request.read()  # otherwise a user's own transport or event hook could not read request.content
    return request


def _waits(timeout: Timeout, deadline: float) -> dict[str, float | None]:
    connect, read = timeout.connect, timeout.read
    if deadline != inf and connect is not None and read is not None:
        connect, read = Wait(connect, deadline), Wait(read, deadline)
    return {"connect": connect, "read": read, "write": read, "pool": read}


@lru_cache(maxsize=256)
def _httpx_url(text: str) -> httpx.URL:
    try:
        return httpx.URL(text)
    except httpx.InvalidURL as error:
        raise ConfigurationError(f"The request URL is invalid: {error}", cure="Check base_url and the path") from error


def _add_client_defaults(client: httpx.Client | httpx.AsyncClient, request: httpx.Request) -> httpx.Request:
    """Add the headers and cookies of the user's own client; headers that the request already has win."""
    for name, value in client.headers.multi_items():
        request.headers.setdefault(name, value)
    if client.cookies:
        client.cookies.set_cookie_header(request)
    return request


def _head(response: httpx.Response) -> RawResponse:
    return RawResponse(response.status_code, response.headers, b"")


class BlockingHttpResponse:
    """A response for blocking code; ``chunks`` iterates over the body and raises HTTP_ERRORS."""

    def __init__(self, response: httpx.Response, deadline: float = inf) -> None:
        _watch_for_unread_bytes(response)
        self._response = response
        self._deadline = deadline
        self.head = _head(response)
        pieces = _pieces(response)
        decoder = decoder_for(self.head.headers.get("content-encoding", ""), response.status_code)
        self.chunks: Iterator[bytes] = _unpacked(pieces, decoder) if decoder else pieces

    async def read(self, deadline: float) -> RawResponse:
        body = BodyBuffer(self.head, deadline)
        try:
            await self.read_chunks(body.add)
        finally:
            self._response.close()
        return body.response()

    async def next_piece(self) -> bytes:
        try:
            return next(self.chunks, b"")
        except HTTP_ERRORS as error:
            raise translate_error(error, deadline=self._deadline) from error

    def put_back(self, piece: bytes) -> None:
        self.chunks = chain((piece,), self.chunks)

    async def read_chunks(self, receive: Callable[[bytes], bool]) -> None:
        try:
            for piece in self.chunks:
                if receive(piece):
                    return
        except HTTP_ERRORS as error:
            raise translate_error(error, deadline=self._deadline) from error

    async def drain(self, seconds: float) -> None:
        # httpx keeps the first timeout for all reads of a body, so the socket's own read gets the shorter one.
        end = monotonic() + seconds
        network: Any = self._response.extensions.get("network_stream", SimpleNamespace(read=None))
        with suppress(*HTTP_ERRORS, AttributeError):
            network.read = partial(_read_until, end, network.read)
            for _ in zip(range(_MAX_DRAINED_PIECES), self.chunks, strict=False):
                if monotonic() > end:
                    break
        with suppress(AttributeError):
            del network.read

    async def abort(self) -> None:
        network: Any = self._response.extensions.get("network_stream")
        with suppress(OSError, AttributeError):  # close() would not wake a thread that reads; shutdown() does
            network.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        self._response.close()


class AsyncHttpResponse:
    """A response for asyncio code; ``chunks`` iterates over the body and raises HTTP_ERRORS."""

    def __init__(self, response: httpx.Response, deadline: float = inf) -> None:
        _watch_for_unread_bytes(response)
        self._response = response
        self._deadline = deadline
        self.head = _head(response)
        pieces = _apieces(response) if deadline == inf or _is_own(response) else _timed_pieces(response, deadline)
        decoder = decoder_for(self.head.headers.get("content-encoding", ""), response.status_code)
        self.chunks: AsyncIterator[bytes] = _aunpacked(pieces, decoder) if decoder else pieces

    async def read(self, deadline: float) -> RawResponse:
        body = BodyBuffer(self.head, deadline)
        try:
            await self.read_chunks(body.add)
        finally:
            await self._response.aclose()
        return body.response()

    async def next_piece(self) -> bytes:
        try:
            return await anext(self.chunks, b"")
        except HTTP_ERRORS as error:
            raise translate_error(error, deadline=self._deadline) from error

    def put_back(self, piece: bytes) -> None:
        self.chunks = _chain(piece, self.chunks)

    async def read_chunks(self, receive: Callable[[bytes], bool]) -> None:
        try:
            async for piece in self.chunks:
                if receive(piece):
                    return
        except HTTP_ERRORS as error:
            raise translate_error(error, deadline=self._deadline) from error

    async def drain(self, seconds: float) -> None:
        with suppress(*HTTP_ERRORS, asyncio.TimeoutError):
            await asyncio.wait_for(self._exhaust(), seconds)

    async def _exhaust(self) -> None:
        pieces = 0
        async for _ in self.chunks:
            pieces += 1
            if pieces >= _MAX_DRAINED_PIECES:
                return

    async def abort(self) -> None:
        await self._response.aclose()

    async def close(self) -> None:
        await self._response.aclose()


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


def _unpacked(pieces: Iterator[bytes], decoder: Decoder) -> Iterator[bytes]:
    try:
        for piece in pieces:
            yield from decoder.feed(piece)
        decoder.finish()
    except Undecodable as error:
        raise httpx.DecodingError(str(error)) from error


async def _aunpacked(pieces: AsyncIterator[bytes], decoder: Decoder) -> AsyncIterator[bytes]:
    try:
        async for piece in pieces:
            for unpacked in decoder.feed(piece):
                yield unpacked
        decoder.finish()
    except Undecodable as error:
        raise httpx.DecodingError(str(error)) from error


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    # Not `iter_raw`: its counting and checking costs time and is not needed here.
    if not isinstance(response.stream, httpx.SyncByteStream):
        raise TypeError("The response has no blocking stream: was it made by an asyncio transport?")
    return iter(response.stream)


def _apieces(response: httpx.Response) -> AsyncIterator[bytes]:
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("The response has no asyncio stream: was it made by a blocking transport?")
    return aiter(response.stream)


def _read_until(
    end: float, read: Callable[[int, float | None], bytes], size: int, timeout: float | None = None
) -> bytes:
    left = max(end - monotonic(), 0.001)
    return read(size, left if timeout is None else min(timeout, left))


async def _timed_pieces(response: httpx.Response, deadline: float) -> AsyncIterator[bytes]:
    """The body of a response whose connection does not know the deadline."""
    pieces = _apieces(response)
    while True:
        try:
            with Alarm(max(deadline - monotonic(), 0.0)):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except asyncio.TimeoutError as error:
            raise httpx.ReadTimeout("") from error
        yield piece


def _is_own(response: httpx.Response) -> bool:
    """True if the response came over a connection of ``core/network.py`` or ``core/asyncio_network.py``."""
    return hasattr(response.extensions.get("network_stream"), "parser")


def _watch_for_unread_bytes(response: httpx.Response) -> None:
    """Show the connection its parser: bytes that a server sent beyond its response forbid the next request on it."""
    network: Any = response.extensions.get("network_stream")
    if getattr(network, "parser", response) is None:
        stream: Any = response.stream
        try:
            network.parser = stream._httpcore_stream._stream._connection._h11_state  # nothing public has it
        except AttributeError:  # another version of the HTTP library: each connection serves one request
            network.parser = SimpleNamespace(trailing_data=(b"?", False))


def _route(config: Config, request: httpx.Request, *, own: bool) -> str:
    """The server of a request and the proxy before it, without its password; a user's own client hides its proxy."""
    proxy = _proxy(proxy_url(config.base_url, config.proxy), config.ca_bundle) if own else None
    over = f" over the proxy {proxy.url.scheme}://{proxy.url.netloc.decode()}" if proxy else ""
    return f" to {request.url.netloc.decode()}{over}"


def _proxy(url: str | None, ca_bundle: str | None) -> httpx.Proxy | None:
    if url is None:
        return None
    try:
        proxy = httpx.Proxy(url, ssl_context=tls_context(ca_bundle) if url.startswith("https:") else None)
    except (ValueError, httpx.InvalidURL):  # the URL is not quoted: it may contain a password
        raise ConfigurationError(
            "The proxy must be a URL like http://proxy:3128 or socks5://proxy:1080",
            cure="Check proxy=…, HTTPS_PROXY, HTTP_PROXY and ALL_PROXY",
        ) from None
    if proxy.url.scheme.startswith("socks") and not find_spec("socksio"):
        raise ConfigurationError("A SOCKS proxy needs the package socksio", cure='pip install "httpx[socks]"')
    return proxy


def _check(client: object, transport: object, client_kind: type, transport_kind: type) -> None:
    """Check the user's own HTTP client or transport: at most one of them, and of the right class."""
    if client is not None and transport is not None:
        raise ConfigurationError("Give http_client or transport, not both")
    if client is not None and not isinstance(client, client_kind):
        raise ConfigurationError(f"http_client must be an httpx.{client_kind.__name__}, not {type(client).__name__}")
    if transport is not None and not isinstance(transport, transport_kind):
        raise ConfigurationError(f"transport must be an httpx.{transport_kind.__name__}, not {transport!r}")


_process_pools: ProcessPools[httpx.HTTPTransport] = ProcessPools()
_loop_pools: LoopPools[httpx.AsyncBaseTransport] = LoopPools()


class BlockingTransport:
    """Sends over the ``httpx.HTTPTransport`` that equal clients of the process share, or over the user's own client.

    A forked child creates its own. ``httpx.Client`` is not used by default: its cookies, redirects and hooks make
    every call slower.
    """

    def __init__(
        self, config: Config, client: httpx.Client | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        _check(client, transport, httpx.Client, httpx.BaseTransport)
        self._config = config
        self._user_client = client
        self._user_transport = transport
        self._lease = ProcessLease(_process_pools, config, _process_connections)

    async def open(self, http_request: HttpRequest) -> BlockingHttpResponse:
        request, deadline = _httpx_request(http_request), http_request.deadline
        try:
            if self._user_client:
                response = self._user_client.send(_add_client_defaults(self._user_client, request), stream=True)
            else:
                response = (self._user_transport or self._lease.pool()).handle_request(request)
        except HTTP_ERRORS as error:
            own = not (self._user_client or self._user_transport)
            raise translate_error(error, _route(self._config, request, own=own), deadline) from error
        return BlockingHttpResponse(response, deadline)

    async def close(self) -> None:
        self._lease.close()


def _process_connections(key: PoolKey) -> httpx.HTTPTransport:
    from coze_client.core.network import BlockingBackend

    proxy = _proxy(key.proxy, key.ca_bundle)
    pool = httpx.HTTPTransport(tls_context(key.ca_bundle), limits=_LIMITS, proxy=proxy)
    pool._pool._network_backend = BlockingBackend()  # httpx passes no backend on
    return pool


class AsyncioTransport:
    """Sends over the connections that equal clients share on one event loop, closed with the loop.

    Or over the user's own client or transport, or over aiohttp.
    """

    def __init__(
        self,
        config: Config,
        client: httpx.AsyncClient | None = None,
        transport: httpx.AsyncBaseTransport | Literal["aiohttp"] | None = None,
    ) -> None:
        _check(client, None if transport == "aiohttp" else transport, httpx.AsyncClient, httpx.AsyncBaseTransport)
        self._config = config
        self._user_client = client
        self._user_transport = transport if isinstance(transport, httpx.AsyncBaseTransport) else None
        kind, new = ("aiohttp", _aiohttp_connections) if transport == "aiohttp" else ("", _HttpxConnections)
        self._knows_deadline = client is None and transport is None  # the connections end every wait at it
        self._lease = LoopLease(_loop_pools, config, kind, _load_tls_context, new)

    async def open(self, http_request: HttpRequest) -> AsyncHttpResponse:
        running_loop()  # raises where there is none
        request, deadline = _httpx_request(http_request), http_request.deadline
        try:
            response = await self._send(request, deadline)
        except HTTP_ERRORS as error:
            own = not (self._user_client or self._user_transport)
            raise translate_error(error, _route(self._config, request, own=own), deadline) from error
        return AsyncHttpResponse(response, deadline)

    async def _send(self, request: httpx.Request, deadline: float) -> httpx.Response:
        if self._knows_deadline:
            return await (await self._lease.pool()).handle_async_request(request)
        try:
            with Alarm(None if deadline == inf else max(deadline - monotonic(), 0.0)):
                if self._user_client:
                    return await self._user_client.send(_add_client_defaults(self._user_client, request), stream=True)
                transport = self._user_transport or await self._lease.pool()
                return await transport.handle_async_request(request)
        except asyncio.TimeoutError as error:
            raise httpx.ReadTimeout("") from error

    async def close(self) -> None:
        running_loop()  # raises where there is none
        await self._lease.close()


async def _load_tls_context(key: PoolKey) -> None:
    await tls_context.load(key.ca_bundle)


class _HttpxConnections(httpx.AsyncBaseTransport):
    """Sends each request over a ``httpx.AsyncHTTPTransport`` that has a single connection."""

    def __init__(self, key: PoolKey) -> None:
        context, proxy = tls_context(key.ca_bundle), _proxy(key.proxy, key.ca_bundle)
        self._pool: ConnectionPool[httpx.Request, httpx.Response] = ConnectionPool(
            lambda: _one_connection(context, proxy)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        connection = self._pool.take()
        request.extensions["trace"] = connection.trace
        response = await self._pool.send(connection, request)
        _watch_for_unread_bytes(response)
        response.stream = _Body(response.stream, self._pool, connection)
        return response

    async def aclose(self) -> None:
        await self._pool.aclose()


def _one_connection(context: ssl.SSLContext, proxy: httpx.Proxy | None) -> httpx.AsyncHTTPTransport:
    from coze_client.core.asyncio_network import AsyncioBackend

    transport = httpx.AsyncHTTPTransport(context, limits=_ONE_CONNECTION, proxy=proxy)
    transport._pool._network_backend = AsyncioBackend()  # httpx passes no backend on
    return transport


class _Body(httpx.AsyncByteStream):
    """The body of a response; closing it releases the connection, and so does the garbage collector."""

    def __init__(
        self,
        stream: httpx.SyncByteStream | httpx.AsyncByteStream,
        pool: ConnectionPool[httpx.Request, httpx.Response],
        connection: Connection[httpx.Request, httpx.Response],
    ) -> None:
        self._stream = cast("httpx.AsyncByteStream", stream)
        self._pool = pool
        self._connection: Connection[httpx.Request, httpx.Response] | None = connection

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            await self._pool.release(connection, self._stream.aclose)

    def __del__(self) -> None:
        if self._connection:
            self._pool.drop_from_anywhere(self._connection)


def _aiohttp_connections(key: PoolKey) -> httpx.AsyncBaseTransport:
    try:
        from coze_client.core.aiohttp_transport import CleanAiohttpTransport
    except ImportError as error:
        cure = 'pip install "coze-adapters[aiohttp]"'
        raise ConfigurationError('transport="aiohttp" needs the extra aiohttp', cure=cure) from error
    return CleanAiohttpTransport(tls_context(key.ca_bundle), _proxy(key.proxy, key.ca_bundle))
