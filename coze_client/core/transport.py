"""The only file that imports the HTTP library, httpx: sends requests, reads responses, translates its errors."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from functools import lru_cache, partial
from importlib.util import find_spec
from itertools import chain
from types import SimpleNamespace
from typing import Any, Literal, cast

import httpx

from coze_client.core.concurrency import running_loop
from coze_client.core.config import Config
from coze_client.core.connections import IDLE_SECONDS, Connection, ConnectionPool
from coze_client.core.file_limit import file_limit, file_limit_reached
from coze_client.core.http import BodyBuffer, HttpRequest
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

# httpx checks every idle connection at each request of a blocking client, so few are kept alive.
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=30.0)
_ONE_CONNECTION = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=None)
tls_context = TlsContexts(httpx.create_ssl_context)


def translate_error(error: Exception, route: str = "") -> TransportError:
    """Convert an error of httpx; ``sent`` of the result is False if the request certainly never left.

    `route`: the server and the proxy before it, for errors of connecting. A timeout names its setting.
    """
    reason = str(error) or type(error).__name__
    error = _real_error(error)
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
    return ConnectionFailed(f"The connection broke: {reason}")


def _real_error(error: Exception) -> Exception:
    """Undo a wrong name: httpx-aiohttp 0.2.0 raises ConnectTimeout for most failures, also of open connections."""
    aiohttp: Any = sys.modules.get("aiohttp")
    if aiohttp is None or not isinstance(error, httpx.ConnectTimeout):
        return error
    if isinstance(error.__cause__, aiohttp.ClientConnectorError):
        return httpx.ConnectError(str(error))
    if isinstance(error.__cause__, aiohttp.ClientConnectionError) and not isinstance(
        error.__cause__, aiohttp.ServerTimeoutError
    ):
        return httpx.NetworkError(str(error))
    return error


def _httpx_request(http_request: HttpRequest) -> httpx.Request:
    timeout, url = http_request.timeout, _httpx_url(http_request.url)
    waits = {"connect": timeout.connect, "read": timeout.read, "write": timeout.read, "pool": timeout.read}
    extensions = {"timeout": waits}
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

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.head = _head(response)
        self.chunks: Iterator[bytes] = response.iter_bytes() if _compressed(response) else _pieces(response)

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
            raise translate_error(error) from error

    def put_back(self, piece: bytes) -> None:
        self.chunks = chain((piece,), self.chunks)

    async def read_chunks(self, receive: Callable[[bytes], bool]) -> None:
        try:
            for piece in self.chunks:
                if receive(piece):
                    return
        except HTTP_ERRORS as error:
            raise translate_error(error) from error

    async def drain(self, seconds: float) -> None:
        # httpx keeps the first timeout for all reads of a body, so the socket's own read gets the shorter one.
        network: Any = self._response.extensions.get("network_stream", SimpleNamespace(read=None))
        with suppress(*HTTP_ERRORS, AttributeError):
            network.read = partial(_read_within, seconds, network.read)
            for _ in zip(range(_MAX_DRAINED_PIECES), self.chunks, strict=False):
                pass
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

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.head = _head(response)
        self.chunks: AsyncIterator[bytes] = response.aiter_bytes() if _compressed(response) else _apieces(response)

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
            raise translate_error(error) from error

    def put_back(self, piece: bytes) -> None:
        self.chunks = _chain(piece, self.chunks)

    async def read_chunks(self, receive: Callable[[bytes], bool]) -> None:
        try:
            async for piece in self.chunks:
                if receive(piece):
                    return
        except HTTP_ERRORS as error:
            raise translate_error(error) from error

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


def _compressed(response: httpx.Response) -> bool:
    return "content-encoding" in response.headers


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    # Not `iter_raw`: its counting and checking costs time and is not needed here.
    if not isinstance(response.stream, httpx.SyncByteStream):
        raise TypeError("The response has no blocking stream: was it made by an asyncio transport?")
    return iter(response.stream)


def _apieces(response: httpx.Response) -> AsyncIterator[bytes]:
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("The response has no asyncio stream: was it made by a blocking transport?")
    return aiter(response.stream)


def _read_within(
    seconds: float, read: Callable[[int, float | None], bytes], size: int, timeout: float | None = None
) -> bytes:
    return read(size, seconds if timeout is None else min(timeout, seconds))


def _route(config: Config, request: httpx.Request, *, own: bool) -> str:
    """The server of a request and the proxy before it, without its password; a user's own client hides its proxy."""
    proxy = _proxy(proxy_url(config.base_url, config.proxy)) if own else None
    over = f" over the proxy {proxy.url.scheme}://{proxy.url.netloc.decode()}" if proxy else ""
    return f" to {request.url.netloc.decode()}{over}"


def _proxy(url: str | None) -> httpx.Proxy | None:
    if url is None:
        return None
    try:
        proxy = httpx.Proxy(url)
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
        request = _httpx_request(http_request)
        try:
            if self._user_client:
                return BlockingHttpResponse(
                    self._user_client.send(_add_client_defaults(self._user_client, request), stream=True)
                )
            return BlockingHttpResponse((self._user_transport or self._lease.pool()).handle_request(request))
        except HTTP_ERRORS as error:
            own = not (self._user_client or self._user_transport)
            raise translate_error(error, _route(self._config, request, own=own)) from error

    async def close(self) -> None:
        self._lease.close()


def _process_connections(key: PoolKey) -> httpx.HTTPTransport:
    return httpx.HTTPTransport(tls_context(key.ca_bundle), limits=_LIMITS, proxy=_proxy(key.proxy))


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
        self._lease = LoopLease(_loop_pools, config, kind, _load_tls_context, new)

    async def open(self, http_request: HttpRequest) -> AsyncHttpResponse:
        running_loop()  # raises where there is none
        request = _httpx_request(http_request)
        try:
            if self._user_client:
                return AsyncHttpResponse(
                    await self._user_client.send(_add_client_defaults(self._user_client, request), stream=True)
                )
            transport = self._user_transport or await self._lease.pool()
            return AsyncHttpResponse(await transport.handle_async_request(request))
        except HTTP_ERRORS as error:
            own = not (self._user_client or self._user_transport)
            raise translate_error(error, _route(self._config, request, own=own)) from error

    async def close(self) -> None:
        running_loop()  # raises where there is none
        await self._lease.close()


async def _load_tls_context(key: PoolKey) -> None:
    await tls_context.load(key.ca_bundle)


class _HttpxConnections(httpx.AsyncBaseTransport):
    """Sends each request over a ``httpx.AsyncHTTPTransport`` that has a single connection."""

    def __init__(self, key: PoolKey) -> None:
        context, proxy = tls_context(key.ca_bundle), _proxy(key.proxy)
        self._pool: ConnectionPool[httpx.Request, httpx.Response] = ConnectionPool(
            lambda: httpx.AsyncHTTPTransport(context, limits=_ONE_CONNECTION, proxy=proxy)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        connection = self._pool.take()
        request.extensions["trace"] = connection.trace
        response = await self._pool.send(connection, request)
        response.stream = _Body(response.stream, self._pool, connection)
        return response

    async def aclose(self) -> None:
        await self._pool.aclose()


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
        from aiohttp import ClientSession, DummyCookieJar, TCPConnector
        from httpx_aiohttp import AiohttpTransport
    except ImportError as error:
        cure = 'pip install "coze-adapters[aiohttp]"'
        raise ConfigurationError('transport="aiohttp" needs the extra aiohttp', cure=cure) from error
    context = tls_context(key.ca_bundle)
    connector = TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS, ssl=context)  # 0: no limit but the file limit
    session = ClientSession(connector=connector, cookie_jar=DummyCookieJar())
    return AiohttpTransport(context, proxy=_proxy(key.proxy), client=session)
