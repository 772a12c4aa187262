"""The only file that imports the HTTP library: requests go out, bytes come in, its failures become ours."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import sys
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from coze_client.core.concurrency import running_loop
from coze_client.core.config import Config, Timeout
from coze_client.core.fork_lock import ForkSafeLock
from coze_client.core.response import RawResponse
from coze_client.errors import ConfigurationError, ConnectionFailed, ProtocolError, TimedOut, TransportError

if TYPE_CHECKING:
    from coze_client.core.upload import Upload

FAILURES = (httpx.HTTPError, httpx.StreamError)
"""What a stream's iterator raises when the line breaks; ``translate`` makes it one of ours."""

_LARGEST_ANSWER = 256 * 1024 * 1024
_DRAIN_PIECES = 64

# Every connection kept alive is looked at for each request, so few are kept; many may be open (1,000 streams).
_LIMITS = httpx.Limits(max_connections=2000, max_keepalive_connections=20, keepalive_expiry=30.0)
_tls_guard = ForkSafeLock()
_tls: dict[str | None, ssl.SSLContext] = {}


class Wire(NamedTuple):
    """A request as it goes out: absolute URL, all headers, JSON bytes or a file; `deadline` by the monotonic clock."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None
    upload: Upload | None
    timeout: Timeout
    deadline: float


class Incoming(Protocol):
    """An answer whose body is still to come."""

    @property
    def head(self) -> RawResponse:
        """Status and headers; the content is empty."""
        ...

    async def read(self, deadline: float) -> RawResponse:
        """The whole answer; the line is free afterwards. Raises TransportError or ProtocolError."""
        ...

    async def pump(self, take: Callable[[bytes], bool]) -> None:
        """Hand the body over piece by piece, until its end or until `take` says True; raises TransportError."""

    async def drain(self, seconds: float) -> None:
        """Read what is left of a finished stream, so that the connection can be used again; gives up silently."""

    async def abort(self) -> None:
        """Break the line, so that whoever reads it in another thread is woken."""

    async def close(self) -> None:
        """Give the line back; twice does nothing."""


class Transport(Protocol):
    """Sends one request, knows no retries."""

    async def open(self, wire: Wire) -> Incoming:
        """The answer as soon as its headers are here; raises TransportError."""
        ...

    async def close(self) -> None:
        """Close every idle connection; a later request opens new ones."""


def translate(error: Exception) -> TransportError:
    """An error of the HTTP library as ours, which tells if the request may have left."""
    reason = str(error) or type(error).__name__
    error = _behind(error)
    if isinstance(error, (httpx.ConnectTimeout, httpx.PoolTimeout)):
        return TimedOut(f"No connection: {reason}", sent=False, cure="Check the address, proxy and network")
    if isinstance(error, httpx.TimeoutException):
        return TimedOut(f"The server was silent for too long: {reason}", cure="Raise timeout if it needs longer")
    if isinstance(error, (httpx.ConnectError, httpx.ProxyError, httpx.UnsupportedProtocol)):
        return ConnectionFailed(f"No connection: {reason}", sent=False, cure="Check base_url, proxy and network")
    return ConnectionFailed(f"The connection broke: {reason}")


def _behind(error: Exception) -> Exception:
    """What it was: httpx-aiohttp (0.2.0) calls most failures of a connection, also of one in use, a ConnectTimeout."""
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


def tls(ca_bundle: str | None) -> ssl.SSLContext:
    """The TLS context that all clients with the same CA bundle share; the first takes some 20 ms to make."""
    with _tls_guard:
        if ca_bundle not in _tls:
            _tls[ca_bundle] = _new_tls(ca_bundle)
        return _tls[ca_bundle]


def _new_tls(ca_bundle: str | None) -> ssl.SSLContext:
    if ca_bundle is None:
        return httpx.create_ssl_context()
    try:
        if Path(ca_bundle).is_dir():
            return ssl.create_default_context(capath=ca_bundle)
        return ssl.create_default_context(cafile=ca_bundle)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"The CA bundle {ca_bundle} cannot be read: {error}") from error


def _request(wire: Wire) -> httpx.Request:
    timeout, url = wire.timeout, _url(wire.url)
    waits = {"connect": timeout.connect, "read": timeout.read, "write": timeout.read, "pool": timeout.read}
    extensions = {"timeout": waits}
    if wire.upload:
        files = {"file": wire.upload.part()}
        return httpx.Request(wire.method, url, headers=wire.headers, files=files, extensions=extensions)
    if wire.content is None:
        return httpx.Request(wire.method, url, headers=wire.headers, extensions=extensions)
    # With its body as a stream, httpx takes the headers as they are, in half the time.
    headers = {"host": url.netloc.decode(), "content-length": str(len(wire.content)), **wire.headers}
    body = httpx.ByteStream(wire.content)
    request = httpx.Request(wire.method, url, headers=headers, stream=body, extensions=extensions)
    request.read()  # or a user's own transport or hook could not look at its content
    return request


@lru_cache(maxsize=256)
def _url(text: str) -> httpx.URL:
    try:
        return httpx.URL(text)
    except httpx.InvalidURL as error:
        raise ConfigurationError(f"Not a URL: {error}") from error


def _adopt(client: httpx.Client | httpx.AsyncClient, request: httpx.Request) -> httpx.Request:
    """What the user's own client adds to its requests: headers and cookies, where ours say nothing."""
    for name, value in client.headers.multi_items():
        request.headers.setdefault(name, value)
    if client.cookies:
        client.cookies.set_cookie_header(request)
    return request


def _head(response: httpx.Response) -> RawResponse:
    return RawResponse(response.status_code, response.headers, b"")


class _Body:
    """The pieces of an answer so far, up to the largest that is sane, and up to the call's deadline."""

    def __init__(self, response: httpx.Response, deadline: float) -> None:
        self.response = response
        self.deadline = deadline
        self.pieces: list[bytes] = []
        self.size = 0

    def add(self, piece: bytes) -> bool:
        self.size += len(piece)
        if self.size > _LARGEST_ANSWER:
            raise ProtocolError(f"The server's answer is larger than {_LARGEST_ANSWER} bytes")
        if monotonic() > self.deadline:
            raise TimedOut(
                "The answer took longer than the call's deadline", cure="Raise the deadline if it needs longer"
            )
        self.pieces.append(piece)
        return False

    def answer(self) -> RawResponse:
        return RawResponse(self.response.status_code, self.response.headers, b"".join(self.pieces))


class BlockingIncoming:
    """An answer over ``httpx.Client``; ``chunks`` is its body piece by piece, and raises FAILURES."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.head = _head(response)
        self.chunks: Iterator[bytes] = response.iter_bytes() if _compressed(response) else _pieces(response)

    async def read(self, deadline: float) -> RawResponse:
        body = _Body(self._response, deadline)
        try:
            await self.pump(body.add)
        finally:
            self._response.close()
        return body.answer()

    async def pump(self, take: Callable[[bytes], bool]) -> None:
        try:
            for piece in self.chunks:
                if take(piece):
                    return
        except FAILURES as error:
            raise translate(error) from error

    async def drain(self, seconds: float) -> None:
        # A body's reads keep the timeout they began with, so the line itself is told to be less patient.
        line: Any = self._response.extensions.get("network_stream", SimpleNamespace(read=None))
        with suppress(*FAILURES, AttributeError):
            line.read = partial(_read_within, seconds, line.read)
            for _ in zip(range(_DRAIN_PIECES), self.chunks, strict=False):
                pass
        with suppress(AttributeError):
            del line.read

    async def abort(self) -> None:
        line: Any = self._response.extensions.get("network_stream")
        with suppress(OSError, AttributeError):  # closing a socket does not wake its reader
            line.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        self._response.close()


class AsyncIncoming:
    """An answer over ``httpx.AsyncClient``; ``chunks`` is its body piece by piece, and raises FAILURES."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.head = _head(response)
        self.chunks: AsyncIterator[bytes] = response.aiter_bytes() if _compressed(response) else _apieces(response)

    async def read(self, deadline: float) -> RawResponse:
        body = _Body(self._response, deadline)
        try:
            await self.pump(body.add)
        finally:
            await self._response.aclose()
        return body.answer()

    async def pump(self, take: Callable[[bytes], bool]) -> None:
        try:
            async for piece in self.chunks:
                if take(piece):
                    return
        except FAILURES as error:
            raise translate(error) from error

    async def drain(self, seconds: float) -> None:
        with suppress(*FAILURES, asyncio.TimeoutError):
            await asyncio.wait_for(self._exhaust(), seconds)

    async def _exhaust(self) -> None:
        pieces = 0
        async for _ in self.chunks:
            pieces += 1
            if pieces >= _DRAIN_PIECES:
                return

    async def abort(self) -> None:
        await self._response.aclose()

    async def close(self) -> None:
        await self._response.aclose()


def _compressed(response: httpx.Response) -> bool:
    return "content-encoding" in response.headers


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    # The response's own stream: `iter_raw` counts and checks what is of no use here.
    if not isinstance(response.stream, httpx.SyncByteStream):
        raise TypeError("not a blocking stream")
    return iter(response.stream)


def _apieces(response: httpx.Response) -> AsyncIterator[bytes]:
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("not an asynchronous stream")
    return aiter(response.stream)


def _read_within(
    seconds: float, read: Callable[[int, float | None], bytes], most: int, timeout: float | None = None
) -> bytes:
    return read(most, seconds if timeout is None else min(timeout, seconds))


def _proxy(config: Config) -> httpx.Proxy | None:
    """The proxy to this client's server: the given one, else the environment's (``HTTPS_PROXY``, ``NO_PROXY`` …)."""
    if config.proxy:
        return _parsed_proxy(config.proxy)
    server = urlsplit(config.base_url)
    proxies = getproxies()
    found = proxies.get(server.scheme) or proxies.get("all")
    if not found or proxy_bypass(server.hostname or ""):
        return None
    return _parsed_proxy(found if "://" in found else f"http://{found}")


def _parsed_proxy(url: str) -> httpx.Proxy:
    try:
        proxy = httpx.Proxy(url)
    except (ValueError, httpx.InvalidURL):  # not shown: it may hold a password
        raise ConfigurationError("The proxy is no URL like http://proxy:3128 or socks5://proxy:1080") from None
    if proxy.url.scheme.startswith("socks") and not find_spec("socksio"):
        raise ConfigurationError("A SOCKS proxy needs another package", cure='pip install "httpx[socks]"')
    return proxy


def _check(client: object, raw: object, client_kind: type, raw_kind: type) -> None:
    """What the user sends over instead of our own connections: one thing, of the right face."""
    if client is not None and raw is not None:
        raise ConfigurationError("Give http_client or transport, not both")
    if client is not None and not isinstance(client, client_kind):
        raise ConfigurationError(f"http_client is an httpx.{client_kind.__name__}, not {type(client).__name__}")
    if raw is not None and not isinstance(raw, raw_kind):
        raise ConfigurationError(f"transport is an httpx.{raw_kind.__name__}, not {raw!r}")


class BlockingTransport:
    """Sends over one ``httpx.HTTPTransport`` a process, made when first needed; a forked child makes its own.

    ``httpx.Client`` would add cookies, redirects and hooks, which nobody asked for, to the cost of every call; it is
    used where the user gives one.
    """

    def __init__(
        self, config: Config, client: httpx.Client | None = None, raw: httpx.BaseTransport | None = None
    ) -> None:
        _check(client, raw, httpx.Client, httpx.BaseTransport)
        self._config = config
        self._client = client
        self._raw = raw
        self._own: tuple[int, httpx.HTTPTransport, Callable[[], object]] | None = None
        self._guard = ForkSafeLock()

    async def open(self, wire: Wire) -> BlockingIncoming:
        request = _request(wire)
        try:
            if self._client:
                return BlockingIncoming(self._client.send(_adopt(self._client, request), stream=True))
            return BlockingIncoming((self._raw or self._pool()).handle_request(request))
        except FAILURES as error:
            raise translate(error) from error

    async def close(self) -> None:
        with self._guard:
            own, self._own = self._own, None
        if own and own[0] == os.getpid():
            own[2]()

    def _pool(self) -> httpx.HTTPTransport:
        own = self._own
        if own and own[0] == os.getpid():
            return own[1]
        with self._guard:
            if not self._own or self._own[0] != os.getpid():
                pool = httpx.HTTPTransport(tls(self._config.ca_bundle), limits=_LIMITS, proxy=_proxy(self._config))
                closing = weakref.finalize(self, pool.close)  # chat models are dropped, not closed
                closing.atexit = False
                self._own = (os.getpid(), pool, closing)
            return self._own[1]


class _Pool(NamedTuple):
    """One event loop's connections, and the process that made them."""

    pid: int
    transport: httpx.AsyncBaseTransport
    open: AsyncGenerator[None, None]


async def _until_closed(transport: httpx.AsyncBaseTransport) -> AsyncGenerator[None, None]:
    """Closes the connections when it is closed, which ``asyncio.run`` does before it closes the loop."""
    try:
        yield
    finally:
        await transport.aclose()


class AsyncioTransport:
    """Sends over one ``httpx.AsyncHTTPTransport`` an event loop, made when first needed, closed with its loop."""

    def __init__(
        self,
        config: Config,
        client: httpx.AsyncClient | None = None,
        raw: httpx.AsyncBaseTransport | Literal["aiohttp"] | None = None,
    ) -> None:
        _check(client, None if raw == "aiohttp" else raw, httpx.AsyncClient, httpx.AsyncBaseTransport)
        self._config = config
        self._client = client
        self._raw = raw
        self._own: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Pool] = weakref.WeakKeyDictionary()

    async def open(self, wire: Wire) -> AsyncIncoming:
        loop = running_loop()
        request = _request(wire)
        try:
            if self._client:
                return AsyncIncoming(await self._client.send(_adopt(self._client, request), stream=True))
            return AsyncIncoming(await (await self._pool(loop)).handle_async_request(request))
        except FAILURES as error:
            raise translate(error) from error

    async def close(self) -> None:
        own = self._own.pop(running_loop(), None)
        if own and own.pid == os.getpid():
            await own.open.aclose()

    async def _pool(self, loop: asyncio.AbstractEventLoop) -> httpx.AsyncBaseTransport:
        if isinstance(self._raw, httpx.AsyncBaseTransport):
            return self._raw
        own = self._own.get(loop)
        if own and own.pid == os.getpid():
            return own.transport
        context = _tls.get(self._config.ca_bundle)
        if context is None:
            context = await asyncio.to_thread(tls, self._config.ca_bundle)
        own = self._own.get(loop)  # another task may have been faster
        if not own or own.pid != os.getpid():
            for each in self._own.keyrefs():  # a copy: loops of other threads come and go meanwhile
                if (other := each()) is not None and other.is_closed():
                    self._own.pop(other, None)  # a value refers to its key, so that no weak reference lets go of it
            transport = self._make(context)
            own = self._own[loop] = _Pool(os.getpid(), transport, _until_closed(transport))
            await anext(own.open)
        return own.transport

    def _make(self, context: ssl.SSLContext) -> httpx.AsyncBaseTransport:
        proxy = _proxy(self._config)
        if self._raw == "aiohttp":
            return _aiohttp(context, proxy)
        return httpx.AsyncHTTPTransport(context, limits=_LIMITS, proxy=proxy)


def _aiohttp(context: ssl.SSLContext, proxy: httpx.Proxy | None) -> httpx.AsyncBaseTransport:
    try:
        from httpx_aiohttp import AiohttpTransport
    except ImportError as error:
        cure = 'pip install "coze-adapters[aiohttp]"'
        raise ConfigurationError('transport="aiohttp" needs an extra', cure=cure) from error
    return AiohttpTransport(context, proxy=proxy, limits=_LIMITS)
