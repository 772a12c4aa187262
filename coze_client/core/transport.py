"""The only file that sends over the HTTP library, httpx: builds its requests, and gives each client its connections."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from functools import lru_cache
from importlib.util import find_spec
from math import inf
from time import monotonic
from typing import IO, Literal, cast

import httpx

from coze_client.core.alarm import Alarm
from coze_client.core.concurrency import running_loop
from coze_client.core.config import Config, Timeout
from coze_client.core.connections import Connection, ConnectionPool
from coze_client.core.http import HttpRequest, Wait
from coze_client.core.http_errors import HTTP_ERRORS, translate_error
from coze_client.core.http_responses import AsyncHttpResponse, BlockingHttpResponse, watch_for_unread_bytes
from coze_client.core.pools import LoopLease, LoopPools, PoolKey, ProcessLease, ProcessPools
from coze_client.core.proxy import proxy_url
from coze_client.core.tls import TlsContexts
from coze_client.errors import ConfigurationError

# httpx checks every idle connection at each request of a blocking client, so few are kept alive.
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=30.0)
_ONE_CONNECTION = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=None)
_WITH_BODY = {"POST", "PUT", "PATCH"}  # a server may wait for a body if its length is missing
Part = tuple[None, bytes] | tuple[str, IO[bytes] | bytes, str]
tls_context = TlsContexts(httpx.create_ssl_context)


def _httpx_request(http_request: HttpRequest) -> httpx.Request:
    url = _httpx_url(http_request.url)
    extensions = {"timeout": _waits(http_request.timeout, http_request.deadline)}
    if files := _parts(http_request):
        return httpx.Request(http_request.method, url, headers=http_request.headers, files=files, extensions=extensions)
    # For a body given as a stream, httpx adds no headers of its own; this takes half the time.
    headers = {"host": url.netloc.decode(), **http_request.headers}
    if http_request.content is not None or http_request.method in _WITH_BODY:
        headers["content-length"] = str(len(http_request.content or b""))
    body = httpx.ByteStream(http_request.content or b"")
    request = httpx.Request(http_request.method, url, headers=headers, stream=body, extensions=extensions)
    request.read()  # otherwise a user's own transport or event hook could not read request.content
    return request


def _parts(http_request: HttpRequest) -> list[tuple[str, Part]]:
    """The parts of a multipart body; a text is a part without the name of a file."""
    texts: list[tuple[str, Part]] = [(name, (None, text.encode())) for name, text in (http_request.form or {}).items()]
    upload = http_request.upload
    return [*texts, (upload.field, upload.part())] if upload else texts


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
        watch_for_unread_bytes(response)
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
