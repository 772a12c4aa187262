"""The responses of the HTTP library: their bodies unpacked piece by piece, each wait limited by the deadline."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain
from math import inf
from time import monotonic
from types import SimpleNamespace
from typing import Any

import httpx

from coze_client.core.alarm import Alarm
from coze_client.core.decoding import Decoder, Undecodable, decoder_for
from coze_client.core.http_errors import HTTP_ERRORS, translate_error
from coze_client.core.response import RawResponse

_MAX_DRAINED_PIECES = 64


def _never(_: bytes) -> bool:
    return False


def _head(response: httpx.Response) -> RawResponse:
    return RawResponse(response.status_code, response.headers, b"", _has_no_end(response))


def _has_no_end(response: httpx.Response) -> bool:
    """True for a body that HTTP/1 ends by closing the connection; what is packed has an end of its own."""
    headers = response.headers
    if "content-length" in headers or "chunked" in headers.get("transfer-encoding", "").lower():
        return False
    packed = decoder_for(headers.get("content-encoding", ""), response.status_code)
    return packed is None and response.extensions.get("http_version", b"").startswith(b"HTTP/1")


class BlockingHttpResponse:
    """A response for blocking code; ``chunks`` iterates over the body and raises HTTP_ERRORS."""

    def __init__(self, response: httpx.Response, deadline: float = inf) -> None:
        watch_for_unread_bytes(response)
        self._response = response
        self._deadline = deadline
        self.head = _head(response)
        pieces = _pieces(response)
        decoder = decoder_for(self.head.headers.get("content-encoding", ""), response.status_code)
        self.chunks: Iterator[bytes] = _unpacked(pieces, decoder) if decoder else pieces

    async def next_piece(self) -> bytes:
        try:
            return next(self.chunks, b"")
        except HTTP_ERRORS as error:
            raise translate_error(error, deadline=self._deadline) from error

    def put_back(self, piece: bytes) -> None:
        self.chunks = chain((piece,), self.chunks)

    def end_at(self, deadline: float) -> None:
        self._deadline = min(self._deadline, deadline)
        self._end_reads_at(self._deadline)

    async def read_chunks(self, receive: Callable[[bytes], bool]) -> None:
        try:
            for piece in self.chunks:
                if receive(piece):
                    return
        except HTTP_ERRORS as error:
            raise translate_error(error, deadline=self._deadline) from error

    async def drain(self, seconds: float, enough: Callable[[bytes], bool] = _never) -> None:
        end = monotonic() + seconds
        self._end_reads_at(end)
        with suppress(*HTTP_ERRORS):
            for _, piece in zip(range(_MAX_DRAINED_PIECES), self.chunks, strict=False):
                if enough(piece) or monotonic() > end:
                    break

    async def abort(self) -> None:
        network: Any = self._response.extensions.get("network_stream")
        with suppress(OSError, AttributeError):  # close() would not wake a thread that reads; shutdown() does
            network.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        with suppress(AttributeError):  # the next response on this connection has its own limits
            del self._network.read
        self._response.close()

    @property
    def _network(self) -> Any:  # of the HTTP library, or of an HTTP client that was given
        return self._response.extensions.get("network_stream")

    def _end_reads_at(self, end: float) -> None:
        """End the reads of the socket itself: httpx keeps the first timeout for all reads of a body."""
        with suppress(AttributeError):
            self._network.read = partial(_read_until, end, self._network.read)


class AsyncHttpResponse:
    """A response for asyncio code; ``chunks`` iterates over the body and raises HTTP_ERRORS."""

    def __init__(self, response: httpx.Response, deadline: float = inf) -> None:
        watch_for_unread_bytes(response)
        self._response = response
        self._deadline = deadline
        self.head = _head(response)
        pieces = _apieces(response)
        if deadline != inf and not _is_own(response):
            pieces = _timed_pieces(pieces, deadline)
        decoder = decoder_for(self.head.headers.get("content-encoding", ""), response.status_code)
        self.chunks: AsyncIterator[bytes] = _aunpacked(pieces, decoder) if decoder else pieces

    async def next_piece(self) -> bytes:
        try:
            return await anext(self.chunks, b"")
        except HTTP_ERRORS as error:
            raise translate_error(error, deadline=self._deadline) from error

    def put_back(self, piece: bytes) -> None:
        self.chunks = _chain(piece, self.chunks)

    def end_at(self, deadline: float) -> None:
        self._deadline = min(self._deadline, deadline)
        self.chunks = _timed_pieces(self.chunks, self._deadline)

    async def read_chunks(self, receive: Callable[[bytes], bool]) -> None:
        try:
            async for piece in self.chunks:
                if receive(piece):
                    return
        except HTTP_ERRORS as error:
            raise translate_error(error, deadline=self._deadline) from error

    async def drain(self, seconds: float, enough: Callable[[bytes], bool] = _never) -> None:
        with suppress(*HTTP_ERRORS, asyncio.TimeoutError):
            await asyncio.wait_for(self._exhaust(enough), seconds)

    async def _exhaust(self, enough: Callable[[bytes], bool]) -> None:
        pieces = 0
        async for piece in self.chunks:
            pieces += 1
            if enough(piece) or pieces >= _MAX_DRAINED_PIECES:
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


async def _timed_pieces(pieces: AsyncIterator[bytes], deadline: float) -> AsyncIterator[bytes]:
    """The body of a response whose connection does not know the deadline."""
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


def watch_for_unread_bytes(response: httpx.Response) -> None:
    """Show the connection its parser: bytes that a server sent beyond its response forbid the next request on it."""
    network: Any = response.extensions.get("network_stream")
    if getattr(network, "parser", response) is None:
        stream: Any = response.stream
        try:
            network.parser = stream._httpcore_stream._stream._connection._h11_state  # nothing public has it
        except AttributeError:  # another version of the HTTP library: each connection serves one request
            network.parser = SimpleNamespace(trailing_data=(b"?", False))
