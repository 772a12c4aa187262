"""The steps of one stream that both clients share: open, read, finish, recover, close."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from time import monotonic
from typing import Any, Generic, TypeVar

from coze_client.core.call_errors import advise_check, name_limit
from coze_client.core.concurrency import Late
from coze_client.core.fork import generation
from coze_client.core.http import HttpResponse
from coze_client.core.masking import mask_secret
from coze_client.core.reading import Reading
from coze_client.core.request import Request
from coze_client.core.session import Opened, Session
from coze_client.core.telemetry import NOT_OBSERVED, Facts, Observation, observe
from coze_client.core.turns import Turn
from coze_client.errors import CozeError, ProtocolError, StreamInterrupted, TimedOut, TransportError

E = TypeVar("E")
T = TypeVar("T")

_log = logging.getLogger("coze_client")

READ_ONCE = "A stream can be read only once. Keep what it yields: another call may be billed again"
_CLOSING_SECONDS = 5.0
_NAMING_SECONDS = 5.0
_DRAIN_SECONDS = 1.0


class StreamRun(Generic[E]):
    """The steps of one stream, which await only the session.

    Subclasses override ``prepare``, ``recover``, ``abandon`` and ``on_close``, for spans ``begins_answer`` and
    ``outcome``. ``cancels`` is True if ``abandon`` cancels something on the server, and ``is_named`` once the server
    has named it.
    """

    cancels = False

    def __init__(self, session: Session, request: Request[object], reading: Reading[E]) -> None:
        self.session = session
        self.request = request
        self.reading = reading
        self.response: HttpResponse | None = None
        self.logid: str | None = None
        self._deadline = self._new_deadline()
        self._opening = False
        self._closed = False
        self._aborted = False
        self._token = ""
        self._turn: Turn | None = None
        self._generation = generation()
        self._observation: Observation = NOT_OBSERVED
        self._error: BaseException | None = None

    def _new_deadline(self) -> float | None:
        limit = self.session.config.timeout.deadline
        return None if limit is None else monotonic() + limit

    async def open(self) -> HttpResponse:
        """Send the request and return the response, whose body is still to be read; raises CozeError.

        A stream that is closed meanwhile sends nothing; if the request is on its way, what it starts is cancelled as
        soon as the server names it.
        """
        self.refuse_closed()
        self.refuse_opening()
        self._generation = generation()
        self._opening = True
        self._observation = observe(self.request.operation, self.session.config.base_url)
        try:
            with self._observation.attached():
                await self.prepare()
                opened = await self.session.open(self.request, self.refuse_closed, self._if_late(self._take))
        except BaseException as error:
            self._closed = True  # a request may have been sent, so none is sent again
            self._error = error
            self._conclude()
            raise
        finally:
            self._opening = False
        response = self._take(opened)
        if self._aborted:
            await self._leave_unread()
        return response

    def _take(self, opened: Opened) -> HttpResponse:
        self.response, self._token, self._turn = opened
        self.reading.logid = self.logid = self.response.head.logid
        return self.response

    def refuse_opening(self) -> None:
        """Raise CozeError while another thread or task opens the stream, which is then its reader."""
        if self._opening:
            raise CozeError("Another thread or task is opening this stream", cure="Read it only there")

    def refuse_closed(self) -> None:
        """Raise CozeError for a stream that was closed: its request is not sent again."""
        if self._closed or self._aborted:
            raise CozeError("This stream is closed", cure=READ_ONCE)

    async def _leave_unread(self) -> None:
        await self.close()
        self.refuse_closed()

    async def begin(self) -> tuple[Sequence[E], CozeError | None]:
        """Read until the server names what ``abandon`` cancels; return the events, and what broke the connection.

        If the caller is cancelled meanwhile, reading goes on until then. Reads nothing if ``cancels`` is False.
        """
        events: list[E] = []
        failure: CozeError | None = None
        while self._is_unnamed and not self.reading.over:
            try:
                piece = await self._first_piece()
            except TransportError as error:
                failure = error
                break
            if not piece:
                break
            events += self.feed(piece)
            self.check()
        return [] if self._aborted else events, failure

    async def _first_piece(self) -> bytes:
        if self.response is None:
            return b""
        return await self.session.concurrency.shelter(self.response.next_piece(), self._if_late(self.reading.feed))

    @property
    def is_named(self) -> bool:
        """True if the server has named what ``abandon`` cancels."""
        return True

    @property
    def _is_unnamed(self) -> bool:
        return self.cancels and not self.is_named

    @property
    def is_over(self) -> bool:
        """True if nothing more is to be read."""
        return self.reading.over or self._aborted

    async def prepare(self) -> None:
        """Called before the request is sent; an override may wait."""

    def _if_late(self, receive: Callable[[T], object]) -> Late[T] | None:
        """What `receive` gets from a step whose caller is cancelled in it: then the stream is left."""

        def late(result: Awaitable[T | None]) -> Coroutine[Any, Any, None]:
            self._closed = True
            self._conclude()
            return self._leave_late(result, receive)

        return late if self.cancels else None

    async def _leave_late(self, result: Awaitable[T | None], receive: Callable[[T], object]) -> None:
        if (value := await result) is not None:
            receive(value)
        if self.response is not None:
            await self._leave(self.response)

    @property
    def past_deadline(self) -> bool:
        """True once the stream's deadline has passed."""
        return self._deadline is not None and monotonic() > self._deadline

    @property
    def is_foreign(self) -> bool:
        """True in a child that was forked after the stream was opened: its connection and chat are the parent's."""
        return self._generation != generation()

    def check(self) -> None:
        """Raise TimedOut once the stream's deadline has passed, and CozeError in a forked child."""
        if self.is_foreign:
            raise CozeError(
                "This stream belongs to the process that this one was forked from",
                cure="Read it there, or open another one after the fork",
            )
        if self.past_deadline:
            late = TimedOut(
                "The stream took longer than timeout.deadline",
                cure="Raise timeout.deadline if the call needs more time",
            )
            name_limit(late, self.session.config.timeout)
            raise self.reading.annotate(late)

    def tell_limit(self, interrupted: StreamInterrupted, failure: CozeError | None) -> StreamInterrupted:
        """Say in an error which limit of this client ended the stream, if one did, and how to raise it."""
        if isinstance(failure, TimedOut):
            name_limit(failure, self.session.config.timeout, past_deadline=self.past_deadline)
            interrupted.message = f"{failure.message}, so this client ended the stream. {interrupted.message}"
            interrupted.args = (interrupted.message,)
            interrupted.cure = f"{failure.cure}. {interrupted.cure}"
        return interrupted

    async def finish(self, failure: CozeError | None) -> Sequence[E]:
        """Return the events that follow the last piece: the pending ones and those that ``recover`` fetches.

        `failure` is what broke the connection, if anything did. Raises the error of ``recover``.
        """
        if self._aborted:
            return []
        if self.is_foreign:
            self.check()
        pending = self.reading.finish()
        if self.reading.complete or self.reading.failure:
            return pending
        if self._deadline is not None:
            self.session = self.session.ending_at(self._deadline)
        await self._end_turn()  # the calls of ``recover`` take turns of their own
        try:
            with self._observation.attached():
                return [*pending, *await self.recover(failure)]
        except CozeError:
            if self._aborted:
                return []
            raise

    def raise_failure(self) -> None:
        """Raise the error that the stream reported, if any."""
        failure = self.reading.failure
        if failure is None:
            return
        mask_secret(failure, self._token)
        if not failure.cure:
            advise_check(self.request, failure)
        raise failure

    async def recover(self, failure: CozeError | None) -> Sequence[E]:
        """Fetch the events that a broken connection lost; raises if that is impossible.

        `failure` is ``None`` if the connection ended without an error.
        """
        raise failure or ProtocolError("The stream ended before its last event", logid=self.logid)

    async def collect(self, receive: Callable[[E], object]) -> None:
        """Read the stream to its end inside a flow, passing every event to `receive`."""
        reading = self.reading

        response = self.response or await self.open()  # whoever is refused here leaves the stream to its reader
        parse = self.feed

        def feed(piece: bytes) -> bool:
            for event in parse(piece):
                receive(event)
            return reading.over or self.past_deadline or self.is_foreign

        try:
            events, failure = await self.begin()
            for event in events:
                receive(event)
            try:
                if not (failure or self.is_over):
                    await response.read_chunks(feed)
            except TransportError as error:
                failure = error
            if not reading.over:
                self.check()
            for event in await self.finish(failure):
                receive(event)
            self.raise_failure()
        except CozeError as error:
            self.note_error(error)
            raise
        finally:
            await self.close()

    def note_error(self, error: CozeError) -> None:
        """Keep an error that ends the stream, for its span, and hide the token in it: a server may repeat it."""
        mask_secret(error, self._token)
        self._error = error

    async def abandon(self) -> None:
        """Called once if the reader stops before the end; an override may cancel the run on the server."""

    async def abort(self) -> None:
        """Break the connection, so that the thread or task that reads it stops and closes the stream.

        If the server has not named yet what is to be cancelled, it gets a few seconds more for that.
        """
        self._aborted = True
        if self.response is None or self.is_foreign:
            return
        if self._is_unnamed:
            self.session.concurrency.later(_NAMING_SECONDS, self._break_unless_closed)
        else:
            await self.response.abort()

    async def _break_unless_closed(self) -> None:
        if self.response is not None and not self._closed:
            await self.response.abort()

    async def close(self) -> None:
        """Release the connection, and call ``abandon`` if the stream was not complete; a second call does nothing."""
        if self._opening:
            self._aborted = True  # whoever opens it closes it
        if self._opening or self._closed:
            return
        self._closed = True
        if self.response is not None and self.is_foreign:
            return
        try:
            if self.response is None:
                return
            if self.reading.complete:
                await self._end(self.response)
            else:  # a cancelled reader may be cancelled again at its next step
                with self._observation.attached():
                    left = self._leave(self.response)
                    await self.session.concurrency.shield(left, _NAMING_SECONDS + _CLOSING_SECONDS)
        finally:
            self._conclude()

    def _conclude(self) -> None:
        """End the observation; called when the stream is closed, perhaps twice."""
        self.on_close()
        if self._observation.is_on:
            if self.request.stream:
                self._observation.note(Facts({"coze.stream.complete": self.reading.complete}))
            self._observation.note(self.outcome())
            self._observation.end(self._error)

    async def _end(self, response: HttpResponse) -> None:
        try:
            if self.reading.over:
                await response.drain(_DRAIN_SECONDS)
        finally:
            await self._close_response(response)

    async def _leave(self, response: HttpResponse) -> None:
        try:
            await self._leave_named(response)
        finally:
            await self._abandon_quietly()

    async def _leave_named(self, response: HttpResponse) -> None:
        """Close the response, but first wait for an event that names what is to be cancelled."""
        try:
            if self._is_unnamed and not self.reading.over:
                await response.drain(_NAMING_SECONDS, self._feed_until_named)
            if self._is_unnamed:
                self.reading.finish()  # a body of JSON names it at its end
        finally:
            await self._close_response(response)

    async def _close_response(self, response: HttpResponse) -> None:
        try:
            await response.close()
        finally:
            await self._end_turn()

    async def _end_turn(self) -> None:
        if self._turn is not None:
            await self._turn.end(self.session.concurrency)

    def _feed_until_named(self, piece: bytes) -> bool:
        self.reading.feed(piece)
        return not self._is_unnamed or self.reading.over

    async def _abandon_quietly(self) -> None:
        try:
            await self.abandon()
        except Exception as error:  # noqa: BLE001 - any error, also of a token function, would hide why the reader stopped
            _log.debug("cancelling an abandoned stream failed: %s", type(error).__name__)

    @property
    def feed(self) -> Callable[[bytes], Sequence[E]]:
        """What parses a piece of the body; for a span, it also notes when the answer begins."""
        return self._feed_observed if self._observation.awaits_answer else self.reading.feed

    def _feed_observed(self, piece: bytes) -> Sequence[E]:
        events = self.reading.feed(piece)
        if self._observation.awaits_answer and any(map(self.begins_answer, events)):
            self._observation.note_answer()
        return events

    def begins_answer(self, event: E) -> bool:
        """True for an event with a part of the answer, if the stream is observed."""
        return True

    def outcome(self) -> Facts:
        """What the span says about the end of the stream."""
        return Facts()

    def on_close(self) -> None:
        """Called when the stream is closed, perhaps twice."""
