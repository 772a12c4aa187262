"""The connections over aiohttp: its errors become errors of httpx, without the request, which holds the token."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any
from weakref import WeakSet

import aiohttp
import httpx
from aiohttp.connector import Connection
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream, map_aiohttp_exceptions

from coze_client.core.connections import IDLE_SECONDS
from coze_client.core.network import is_readable

_RAW_ERRORS = (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError)


class CleanAiohttpTransport(httpx.AsyncBaseTransport):
    """Sends over aiohttp. Whatever the server sends, only errors of httpx are raised."""

    def __init__(self, context: ssl.SSLContext, proxy: httpx.Proxy | None) -> None:
        def new_session() -> aiohttp.ClientSession:
            connector = _Connector(ssl=context, limit=0, keepalive_timeout=IDLE_SECONDS)  # 0: only the file limit
            jar = aiohttp.DummyCookieJar()
            session = aiohttp.ClientSession(connector=connector, response_class=_Response, cookie_jar=jar)
            session._retry_connection = False  # nothing public says so: only the retry policy sends a request again
            return session

        self._bodies: WeakSet[_Stream] = WeakSet()
        self._inner = AiohttpTransport(context, proxy=proxy, client=new_session)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            response = await self._inner.handle_async_request(request)
            body = _Stream(response.stream._aiohttp_response)  # type: ignore[union-attr]  # httpx knows no aiohttp
            response.stream = body
            self._bodies.add(body)
            return response
        except (httpx.HTTPError, *_RAW_ERRORS) as error:
            failure = _clean_error(error)
        raise failure  # not inside `except`: the error of aiohttp would become its context, and it holds the token

    async def aclose(self) -> None:
        for body in list(self._bodies):
            body.cut()
        await self._inner.aclose()


class _Connector(aiohttp.TCPConnector):
    """Closes a connection instead of using it again if the server sent more than its response."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._used: WeakSet[object] = WeakSet()

    async def connect(self, *arguments: Any, **options: Any) -> Connection:
        while True:
            connection = await super().connect(*arguments, **options)
            protocol, transport = connection.protocol, connection.transport
            if protocol not in self._used:
                self._used.add(protocol)
                return connection
            if (
                protocol is not None
                and transport is not None
                and not (protocol.should_close or is_readable(transport.get_extra_info("socket")))
            ):
                return connection
            connection.close()


class _Response(aiohttp.ClientResponse):
    """A response whose reason is valid text, whatever the server sent; httpx-aiohttp encodes it."""

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        started = await super().start(connection)
        self.reason = (self.reason or "").encode("utf-8", "replace").decode()
        return started


class _Stream(AiohttpResponseStream):
    """A body that gives out all that has arrived when the connection breaks; aiohttp forgets what nobody has read."""

    def cut(self) -> None:
        """End a body that is still read with an error: aiohttp leaves its reader waiting for ever."""
        if not self._aiohttp_response.content.is_eof():
            self._aiohttp_response.content.set_exception(aiohttp.ClientConnectionError("Connection closed."))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        content = self._aiohttp_response.content
        with map_aiohttp_exceptions():
            try:
                async for chunk in content.iter_chunked(self.CHUNK_SIZE):
                    yield chunk
            except Exception as error:
                content.set_exception(None)  # type: ignore[arg-type]  # else nothing is read; aiohttp's type has no None
                if left := content.read_nowait():
                    yield left
                if _is_closing(error):
                    raise httpx.ReadError(str(error)) from None
                raise


def _is_closing(error: Exception) -> bool:
    """True for the errors of a body whose connection was closed; httpx-aiohttp takes some for a slow connecting."""
    if isinstance(error, asyncio.TimeoutError):
        return False
    return isinstance(error, (RuntimeError, aiohttp.ClientConnectionError))


def _clean_error(error: Exception) -> httpx.HTTPError:
    """The error of httpx that says what happened; it refers to no error of aiohttp."""
    # httpx-aiohttp 0.2.0 raises ConnectTimeout for most failures, also of open connections.
    cause: Any = error.__cause__ if isinstance(error, httpx.HTTPError) else error
    text = _sentence(str(error)) or type(error).__name__
    if isinstance(cause, (aiohttp.ClientConnectorError, aiohttp.ClientProxyConnectionError)):
        failed = httpx.ConnectError(text)
        failed.__cause__ = getattr(cause, "os_error", None)  # it tells when the file limit is reached
        return failed
    if isinstance(cause, aiohttp.ClientHttpProxyError):
        return httpx.ProxyError(f"{cause.status} {_sentence(cause.message)}")
    if isinstance(cause, aiohttp.ClientResponseError):
        return httpx.RemoteProtocolError(_sentence(cause.message))
    if isinstance(cause, aiohttp.ClientConnectionError) and not isinstance(cause, aiohttp.ServerTimeoutError):
        return httpx.NetworkError(text)
    if isinstance(error, httpx.HTTPError):
        return type(error)(text)
    if isinstance(error, (asyncio.TimeoutError, TimeoutError)):
        return httpx.ReadTimeout(text)
    if isinstance(error, OSError):
        return httpx.NetworkError(text)
    return httpx.RemoteProtocolError(text)


def _sentence(text: str) -> str:
    """The start of a text on one line: aiohttp quotes what arrived."""
    return " ".join(text[:1000].split())[:200]
