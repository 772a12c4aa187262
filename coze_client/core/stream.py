"""The life of a stream of events: opened, read, ended or healed, closed.

Reading is pure (``Reading``), the steps around it are written once (``Run``), and each face adds the one loop that
cannot be shared: over the pieces as they arrive.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from inspect import GEN_CREATED, getgeneratorstate
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from coze_client.core.concurrency import Blocking
from coze_client.core.request import Request
from coze_client.core.session import Session, mask
from coze_client.core.transport import FAILURES, AsyncIncoming, BlockingIncoming, Incoming, translate
from coze_client.errors import CozeError, ProtocolError, TimedOut, TransportError

if TYPE_CHECKING:
    from typing_extensions import Self

E = TypeVar("E")
S_co = TypeVar("S_co", covariant=True)
A_co = TypeVar("A_co", covariant=True)
RunT = TypeVar("RunT", bound="StreamRun[Any]")

_log = logging.getLogger("coze_client")

_CLOSING_SECONDS = 5.0
_DRAIN_SECONDS = 1.0


class Reading(Generic[E]):
    """Takes pieces of a stream's body, gives the events that they complete, and knows when the stream is over; pure.

    ``over``: nothing more is to be read, although the line may still be open. ``complete``: nothing is missing if the
    line ends now. ``failure``: what the stream told of instead of going on; raised once the events before it are out.
    """

    def __init__(self) -> None:
        self.logid: str | None = None
        self.over = False
        self.complete = False
        self.failure: CozeError | None = None

    def feed(self, chunk: bytes) -> list[E]:
        """The events that this piece completes, up to a failure."""
        raise NotImplementedError

    def finish(self) -> list[E]:
        """The events that were pending when the line ended, unless they were cut."""
        raise NotImplementedError

    def fail(self, error: CozeError) -> None:
        """Nothing follows but `error`."""
        self.failure = error
        self.over = True
        error.logid = error.logid or self.logid


@dataclass(frozen=True)
class Events(Generic[S_co, A_co]):
    """A described stream: its request, and the stream of either face over a session."""

    request: Request[None]
    blocking: Callable[[Session], S_co]
    asyncio: Callable[[Session], A_co]


class StreamRun(Generic[E]):
    """One stream's steps, awaiting only the session. What is special about a noun's streams overrides ``heal`` etc."""

    def __init__(self, session: Session, request: Request[None], reading: Reading[E]) -> None:
        self.session = session
        self.request = request
        self.reading = reading
        self.incoming: Incoming | None = None
        self.logid: str | None = None
        self._deadline = self._new_deadline()
        self._closed = False
        self._aborted = False
        self._token = ""

    def _new_deadline(self) -> float | None:
        limit = self.session.config.timeout.deadline
        return None if limit is None else monotonic() + limit

    async def open(self) -> Incoming:
        """Send the request; the answer's body is then ready to be read."""
        if self._closed:
            raise CozeError("This stream was closed", cure="A stream is read once: ask for a new one")
        self.incoming, self._token = await self.session.open(self.request)
        self.reading.logid = self.logid = self.incoming.head.logid
        return self.incoming

    @property
    def late(self) -> bool:
        """True once the stream's deadline has passed."""
        return self._deadline is not None and monotonic() > self._deadline

    def in_time(self) -> None:
        """Raises TimedOut if the stream's deadline has passed."""
        if self.late:
            raise TimedOut("The stream took longer than its deadline", cure="Raise the deadline if it needs longer")

    async def settle(self, failure: CozeError | None) -> Sequence[E]:
        """After the last piece: what was pending, else what can be recovered; raises if something stays missing."""
        if self._aborted:
            return []
        pending = self.reading.finish()
        if self.reading.complete or self.reading.failure:
            return pending
        return [*pending, *await self.heal(failure)]

    def raise_failure(self) -> None:
        """Raises what the stream told of, if anything."""
        if self.reading.failure:
            mask(self.reading.failure, self._token)
            raise self.reading.failure

    async def heal(self, failure: CozeError | None) -> Sequence[E]:
        """The events that a broken line kept back; raises if they cannot be had. `failure` is None if it just ended."""
        raise failure or ProtocolError("The stream ended before its last event", logid=self.logid)

    async def collect(self, take: Callable[[E], object]) -> None:
        """Read to the end in one step of a flow, handing every event to `take`; the faces' streams are for loops."""
        reading = self.reading

        def feed(piece: bytes) -> bool:
            for event in reading.feed(piece):
                take(event)
            return reading.over or self.late

        failure: CozeError | None = None
        try:
            incoming = await self.open()
            try:
                await incoming.pump(feed)
            except TransportError as error:
                failure = error
            if not reading.over:
                self.in_time()
            for event in await self.settle(failure):
                take(event)
            self.raise_failure()
        finally:
            await self.close()

    async def abandon(self) -> None:
        """Called once if the reader stops before the stream is over: tell the server, at best."""

    async def abort(self) -> None:
        """Wake whoever reads in another thread; its reading ends, and closes the stream."""
        self._aborted = True
        if self.incoming is not None:
            await self.incoming.abort()

    async def close(self) -> None:
        """Give the line back and, if the stream was not over, abandon it; twice does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            if self.incoming is not None:
                if self.reading.over and self.reading.complete:
                    await self.incoming.drain(_DRAIN_SECONDS)
                await self.incoming.close()
                if not self.reading.complete:
                    await self.session.concurrency.shelter(self._abandon_quietly(), _CLOSING_SECONDS)
        finally:
            self.released()

    async def _abandon_quietly(self) -> None:
        try:
            await self.abandon()
        except Exception as error:  # noqa: BLE001 - also a token function's own: it must not hide why the reader left
            _log.debug("the server was not told that nobody reads any more: %s", type(error).__name__)

    def released(self) -> None:
        """Called once when the stream is closed."""


class StreamFacts(Generic[RunT]):
    """What a stream knows, on either face; each noun's streams add their own."""

    _run: RunT

    @property
    def logid(self) -> str | None:
        """The log id of the stream's answer; ``None`` before it is open."""
        return self._run.logid


class Stream(Generic[E, RunT]):
    """A stream on the blocking face: iterate it, inside a ``with`` to be sure that it is closed at once."""

    def __init__(self, run: RunT) -> None:
        self._run = run
        self._events: Generator[E, None, None] = _read(run)

    def __enter__(self) -> Self:
        if self._run.incoming is None:
            Blocking.run(self._run.open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # Entered, never iterated, dropped: no generator has begun whose end would close it.
        if self._run.incoming is not None and getgeneratorstate(self._events) == GEN_CREATED:
            Blocking.run(self._run.close())

    def __iter__(self) -> Iterator[E]:
        return self._events

    def __next__(self) -> E:
        return next(self._events)

    def read(self) -> Self:
        """Read to the end, for who only wants what the stream knows then (``text``, ``messages``, …)."""
        with self:
            for _ in self:
                pass
        return self

    def close(self) -> None:
        """Close the line and abandon what still runs, as the method that made the stream tells."""
        try:
            self._events.close()
        except ValueError:  # another thread reads: it is woken, and its loop ends
            Blocking.run(self._run.abort())
        else:
            Blocking.run(self._run.close())


class AsyncStream(Generic[E, RunT]):
    """A stream on asyncio: iterate it, inside an ``async with`` to be sure that it is closed at once."""

    def __init__(self, run: RunT) -> None:
        self._run = run
        self._events: AsyncGenerator[E, None] = _aread(run)

    async def __aenter__(self) -> Self:
        if self._run.incoming is None:
            await self._run.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> AsyncIterator[E]:
        return self._events

    async def __anext__(self) -> E:
        return await self._events.__anext__()

    async def read(self) -> Self:
        """Read to the end, for who only wants what the stream knows then (``text``, ``messages``, …)."""
        async with self:
            async for _ in self:
                pass
        return self

    async def aclose(self) -> None:
        """Close the line and abandon what still runs, as the method that made the stream tells."""
        try:
            await self._events.aclose()
        except RuntimeError:  # another task reads: it is woken, and its loop ends
            await self._run.abort()
        else:
            await self._run.close()

    close = aclose


def _read(run: StreamRun[E]) -> Generator[E, None, None]:
    # Not a method: a generator that held its stream would keep a dropped stream from being closed.
    feed = run.reading.feed
    failure: CozeError | None = None
    try:
        incoming = cast("BlockingIncoming", run.incoming or Blocking.run(run.open()))
        try:
            for chunk in incoming.chunks:
                yield from feed(chunk)
                if run.reading.over:
                    break
                run.in_time()
        except FAILURES as error:
            failure = translate(error)
        yield from Blocking.run(run.settle(failure))
        run.raise_failure()
    finally:
        Blocking.run(run.close())


async def _aread(run: StreamRun[E]) -> AsyncGenerator[E, None]:
    feed = run.reading.feed
    failure: CozeError | None = None
    try:
        incoming = cast("AsyncIncoming", run.incoming or await run.open())
        try:
            async for chunk in incoming.chunks:
                for event in feed(chunk):
                    yield event
                if run.reading.over:
                    break
                run.in_time()
        except FAILURES as error:
            failure = translate(error)
        for event in await run.settle(failure):
            yield event
        run.raise_failure()
    finally:
        await run.close()
