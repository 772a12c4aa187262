"""The only file that sends over the HTTP library, httpx: sends requests, reads responses, translates its errors."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import suppress
from functools import lru_cache, partial
from importlib.util import find_spec
from itertools import chain
from math import inf
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple

import httpx

from coze_client.core.alarm import Alarm
from coze_client.core.concurrency import running_loop
from coze_client.core.config import Config, Timeout
from coze_client.core.decoding import Decoder, Undecodable, decoder_for
from coze_client.core.fork_lock import ForkSafeLock
from coze_client.core.http import BodyBuffer, HttpRequest, Wait
from coze_client.core.proxy import proxy_url
from coze_client.core.response import RawResponse
from coze_client.errors import ConfigurationError, ConnectionFailed, TimedOut, TransportError

HTTP_ERRORS = (httpx.HTTPError, httpx.StreamError)
"""What an iterator over a body raises when the connection breaks; ``translate_error`` converts it."""

_MAX_DRAINED_PIECES = 64
_CHECK_ROUTE = "Check base_url, the proxy and the network"
_LONGER = "Raise timeout.read if the server needs longer"
_CLOCK_STEP = 0.01

# httpx checks every idle connection at each request, so few are kept alive; many may be open (1,000 streams).
_LIMITS = httpx.Limits(max_connections=2000, max_keepalive_connections=20, keepalive_expiry=30.0)
_contexts_lock = ForkSafeLock()
_contexts: dict[str | None, ssl.SSLContext] = {}


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
    if isinstance(error, (httpx.ConnectError, httpx.ProxyError, httpx.UnsupportedProtocol)):
        return ConnectionFailed(f"No connection{route}: {reason}", sent=False, cure=_CHECK_ROUTE)
    if isinstance(error, httpx.DecodingError):
        return ConnectionFailed(
            f"The server's answer cannot be unpacked: {reason}", cure="Check what stands between here and the server"
        )
    return ConnectionFailed(f"The connection broke: {reason}")


def tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    """The TLS context for a CA bundle (file or folder, ``None``: the default one).

    All clients share it, because loading the certificates takes about 20 ms. Raises ConfigurationError for a bundle
    that cannot be read.
    """
    with _contexts_lock:
        if ca_bundle not in _contexts:
            _contexts[ca_bundle] = _new_context(ca_bundle)
        return _contexts[ca_bundle]


def _new_context(ca_bundle: str | None) -> ssl.SSLContext:
    if ca_bundle is None:
        return httpx.create_ssl_context()
    try:
        if Path(ca_bundle).is_dir():
            return ssl.create_default_context(capath=ca_bundle)
        return ssl.create_default_context(cafile=ca_bundle)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"The CA bundle {ca_bundle} cannot be read: {error}", cure="Give ca_bundle a PEM file or a folder of them"
        ) from error


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


def _proxy(config: Config) -> httpx.Proxy | None:
    url = proxy_url(config.base_url, config.proxy)
    return _parsed_proxy(url, config.ca_bundle) if url else None


def _route(config: Config, request: httpx.Request, *, own: bool) -> str:
    """The server of a request and the proxy before it, without its password; a user's own client hides its proxy."""
    proxy = _proxy(config) if own else None
    over = f" over the proxy {proxy.url.scheme}://{proxy.url.netloc.decode()}" if proxy else ""
    return f" to {request.url.netloc.decode()}{over}"


def _parsed_proxy(url: str, ca_bundle: str | None) -> httpx.Proxy:
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


class BlockingTransport:
    """Sends over one ``httpx.HTTPTransport`` per process, created at the first request, or over the user's own client.

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
        self._open_pool: tuple[int, httpx.HTTPTransport, Callable[[], object]] | None = None
        self._lock = ForkSafeLock()

    async def open(self, http_request: HttpRequest) -> BlockingHttpResponse:
        request, deadline = _httpx_request(http_request), http_request.deadline
        try:
            if self._user_client:
                response = self._user_client.send(_add_client_defaults(self._user_client, request), stream=True)
            else:
                response = (self._user_transport or self._pool()).handle_request(request)
        except HTTP_ERRORS as error:
            raise translate_error(error, _route(self._config, request, own=not self._is_users), deadline) from error
        return BlockingHttpResponse(response, deadline)

    @property
    def _is_users(self) -> bool:
        return bool(self._user_client or self._user_transport)

    async def close(self) -> None:
        with self._lock:
            opened, self._open_pool = self._open_pool, None
        if opened and opened[0] == os.getpid():
            opened[2]()

    def _pool(self) -> httpx.BaseTransport:
        opened = self._open_pool
        if opened and opened[0] == os.getpid():
            return opened[1]
        with self._lock:
            if not self._open_pool or self._open_pool[0] != os.getpid():
                pool = _blocking_pool(self._config)
                closing = weakref.finalize(self, pool.close)  # users drop chat models without closing them
                closing.atexit = False
                self._open_pool = (os.getpid(), pool, closing)
            return self._open_pool[1]


def _blocking_pool(config: Config) -> httpx.HTTPTransport:
    from coze_client.core.network import BlockingBackend

    pool = httpx.HTTPTransport(tls_context(config.ca_bundle), limits=_LIMITS, proxy=_proxy(config))
    pool._pool._network_backend = BlockingBackend()  # httpx passes no backend on
    return pool


def _asyncio_pool(context: ssl.SSLContext, proxy: httpx.Proxy | None) -> httpx.AsyncHTTPTransport:
    from coze_client.core.asyncio_network import AsyncioBackend

    pool = httpx.AsyncHTTPTransport(context, limits=_LIMITS, proxy=proxy)
    pool._pool._network_backend = AsyncioBackend()  # httpx passes no backend on
    return pool


class _Pool(NamedTuple):
    """The connections of one event loop, and the process that created them."""

    pid: int
    transport: httpx.AsyncBaseTransport
    closer: AsyncGenerator[None, None]


async def _until_closed(transport: httpx.AsyncBaseTransport) -> AsyncGenerator[None, None]:
    """Close the connections with this generator: ``asyncio.run`` closes all async generators before the loop."""
    try:
        yield
    finally:
        await transport.aclose()


class AsyncioTransport:
    """Sends over one ``httpx.AsyncHTTPTransport`` per event loop, created at the first request, closed with the loop.

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
        self._user_transport = transport
        self._pools: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Pool] = weakref.WeakKeyDictionary()

    async def open(self, http_request: HttpRequest) -> AsyncHttpResponse:
        loop = running_loop()
        request, deadline = _httpx_request(http_request), http_request.deadline
        try:
            response = await self._send(request, loop, deadline)
        except HTTP_ERRORS as error:
            own = not self._user_client and not isinstance(self._user_transport, httpx.AsyncBaseTransport)
            raise translate_error(error, _route(self._config, request, own=own), deadline) from error
        return AsyncHttpResponse(response, deadline)

    async def _send(self, request: httpx.Request, loop: asyncio.AbstractEventLoop, deadline: float) -> httpx.Response:
        if not self._user_client and self._user_transport is None:  # these connections know the deadline
            return await (await self._transport(loop)).handle_async_request(request)
        try:
            with Alarm(None if deadline == inf else max(deadline - monotonic(), 0.0)):
                if self._user_client:
                    return await self._user_client.send(_add_client_defaults(self._user_client, request), stream=True)
                return await (await self._transport(loop)).handle_async_request(request)
        except asyncio.TimeoutError as error:
            raise httpx.ReadTimeout("") from error

    async def close(self) -> None:
        pool = self._pools.pop(running_loop(), None)
        if pool and pool.pid == os.getpid():
            await pool.closer.aclose()

    async def _transport(self, loop: asyncio.AbstractEventLoop) -> httpx.AsyncBaseTransport:
        if isinstance(self._user_transport, httpx.AsyncBaseTransport):
            return self._user_transport
        pool = self._pools.get(loop)
        if pool and pool.pid == os.getpid():
            return pool.transport
        context = _contexts.get(self._config.ca_bundle)
        if context is None:
            context = await asyncio.to_thread(tls_context, self._config.ca_bundle)
        pool = self._pools.get(loop)  # another task may have created it meanwhile
        if not pool or pool.pid != os.getpid():
            for each in self._pools.keyrefs():  # a copy: other threads add and remove loops meanwhile
                if (other := each()) is not None and other.is_closed():
                    self._pools.pop(other, None)  # else never collected: the value refers to its key
            transport = self._new_transport(context)
            pool = self._pools[loop] = _Pool(os.getpid(), transport, _until_closed(transport))
            await anext(pool.closer)
        return pool.transport

    def _new_transport(self, context: ssl.SSLContext) -> httpx.AsyncBaseTransport:
        proxy = _proxy(self._config)
        if self._user_transport == "aiohttp":
            return _aiohttp(context, proxy)
        return _asyncio_pool(context, proxy)


def _aiohttp(context: ssl.SSLContext, proxy: httpx.Proxy | None) -> httpx.AsyncBaseTransport:
    try:
        from coze_client.core.aiohttp_transport import CleanAiohttpTransport
    except ImportError as error:
        cure = 'pip install "coze-adapters[aiohttp]"'
        raise ConfigurationError('transport="aiohttp" needs the extra aiohttp', cure=cure) from error
    return CleanAiohttpTransport(context, proxy, _LIMITS)
