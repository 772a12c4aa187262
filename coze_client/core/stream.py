"""One stream of events, from opening to closing, as a blocking or an asyncio iterator.

``Reading`` parses the body. ``StreamRun`` has the steps that both clients share: open, finish, recover, close. Only
the loop over the body is written twice, in ``_read`` and ``_aread``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from inspect import GEN_CREATED, getgeneratorstate
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from coze_client.core.concurrency import Blocking, start_task
from coze_client.core.http_errors import HTTP_ERRORS, translate_error
from coze_client.core.http_responses import AsyncHttpResponse, BlockingHttpResponse
from coze_client.core.request import Request
from coze_client.core.session import Session
from coze_client.core.stream_run import StreamRun
from coze_client.errors import CozeError

if TYPE_CHECKING:
    from typing_extensions import Self

E = TypeVar("E")
S_co = TypeVar("S_co", covariant=True)
A_co = TypeVar("A_co", covariant=True)
RunT = TypeVar("RunT", bound="StreamRun[Any]")


@dataclass(frozen=True)
class Events(Generic[S_co, A_co]):
    """Describes a stream: its request, and how each client opens it over a session."""

    request: Request[object]
    blocking: Callable[[Session], S_co]
    asyncio: Callable[[Session], A_co]


class StreamFacts(Generic[RunT]):
    """What the streams of both clients know about their run; each resource's streams add properties."""

    _run: RunT

    @property
    def logid(self) -> str | None:
        """The log id of the response; ``None`` until the stream is open."""
        return self._run.logid


class StreamIterator(Generic[E, RunT]):
    """A stream for blocking code. Iterate it inside a ``with``, so that it is closed at once."""

    def __init__(self, run: RunT) -> None:
        self._run = run
        self._events: Generator[E, None, None] = _read(run)

    def __enter__(self) -> Self:
        if self._run.response is None:
            Blocking.run(self._run.open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # A stream that was entered but never iterated: its generator has not started, so it closes nothing.
        if self._run.response is not None and getgeneratorstate(self._events) == GEN_CREATED:
            Blocking.run(self._run.close())

    def __iter__(self) -> Iterator[E]:
        self._run.refuse_opening()
        return self._events

    def __next__(self) -> E:
        self._run.refuse_opening()
        return next(self._events)

    def close(self) -> None:
        """Close the connection; with ``cancel_on_close``, also cancel a chat that is still running."""
        try:
            self._events.close()
        except ValueError:  # another thread is reading: wake it, so that its loop ends
            Blocking.run(self._run.abort())
        else:
            Blocking.run(self._run.close())


class Stream(StreamIterator[E, RunT]):
    """A stream of events for blocking code. Iterate it inside a ``with``, so that it is closed at once."""

    def read(self) -> Self:
        """Read the stream to its end and return it, for its properties (``text``, ``messages``, …)."""
        with self:
            for _ in self:
                pass
        return self


class AsyncStreamIterator(Generic[E, RunT]):
    """A stream for asyncio code. Iterate it inside an ``async with``, so that it is closed at once."""

    def __init__(self, run: RunT) -> None:
        self._run = run
        self._events: AsyncGenerator[E, None] = _aread(run)
        self._unread_on: asyncio.AbstractEventLoop | None = None  # between opening and the first event

    async def __aenter__(self) -> Self:
        if self._run.response is None:
            await self._run.open()
            self._unread_on = asyncio.get_running_loop()
        return self

    def __del__(self) -> None:
        # A stream that was entered but never iterated: its generator has not started, so it closes nothing.
        if self._unread_on is not None:
            with suppress(RuntimeError):  # the loop is closed
                self._unread_on.call_soon_threadsafe(_close_later, self._run)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> AsyncIterator[E]:
        self._run.refuse_opening()
        self._unread_on = None
        return self._events

    async def __anext__(self) -> E:
        self._run.refuse_opening()
        self._unread_on = None
        return await self._events.__anext__()

    async def aclose(self) -> None:
        """Close the connection; with ``cancel_on_close``, also cancel a chat that is still running."""
        self._unread_on = None
        if getattr(self._events, "ag_running", False):  # another task is reading: wake it, so that its loop ends
            await self._run.abort()
            return
        # First the run, which waits: an event loop that ends closes all generators at once, and refuses running ones.
        await self._run.close()
        with suppress(RuntimeError):  # another task began to read in the meantime
            await self._events.aclose()

    close = aclose


class AsyncStream(AsyncStreamIterator[E, RunT]):
    """A stream of events for asyncio code. Iterate it inside an ``async with``, so that it is closed at once."""

    async def read(self) -> Self:
        """Read the stream to its end and return it, for its properties (``text``, ``messages``, …)."""
        async with self:
            async for _ in self:
                pass
        return self


async def _nothing() -> AsyncIterator[bytes]:
    """The pieces of a body that is not read any more."""
    return
    yield b""


def _close_later(run: StreamRun[Any]) -> None:
    start_task(run.close())


def _read(run: StreamRun[E]) -> Generator[E, None, None]:
    # Not a method: a generator that refers to its stream would keep a dropped stream alive and open.
    response = cast("BlockingHttpResponse", run.response or Blocking.run(run.open()))
    feed = run.feed
    try:
        events, failure = Blocking.run(run.begin())
        yield from events
        try:
            for chunk in () if failure or run.is_over else response.chunks:
                yield from feed(chunk)
                if run.reading.over:
                    break
                run.check()
        except HTTP_ERRORS as error:
            failure = translate_error(error)
        yield from Blocking.run(run.finish(failure))
        run.raise_failure()
    except CozeError as error:
        run.note_error(error)
        raise
    finally:
        Blocking.run(run.close())


async def _aread(run: StreamRun[E]) -> AsyncGenerator[E, None]:
    response = cast("AsyncHttpResponse", run.response or await run.open())
    feed = run.feed
    try:
        events, failure = await run.begin()
        for event in events:
            yield event
        try:
            async for chunk in _nothing() if failure or run.is_over else response.chunks:
                for event in feed(chunk):
                    yield event
                if run.reading.over:
                    break
                run.check()
        except HTTP_ERRORS as error:
            failure = translate_error(error)
        for event in await run.finish(failure):
            yield event
        run.raise_failure()
    except CozeError as error:
        run.note_error(error)
        raise
    finally:
        await run.close()
