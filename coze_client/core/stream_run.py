"""The steps of one stream that both clients share: open, read, finish, recover, close."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Generic, TypeVar

from coze_client.core.call_errors import advise_check, name_limit
from coze_client.core.fork import generation
from coze_client.core.http import HttpResponse
from coze_client.core.masking import mask_secret
from coze_client.core.reading import Reading
from coze_client.core.request import Request
from coze_client.core.session import Session
from coze_client.errors import CozeError, ProtocolError, StreamInterrupted, TimedOut, TransportError

E = TypeVar("E")

_log = logging.getLogger("coze_client")

_CLOSING_SECONDS = 5.0
_DRAIN_SECONDS = 1.0


class StreamRun(Generic[E]):
    """The steps of one stream, which await only the session.

    Subclasses override ``recover``, ``abandon`` and ``on_close``.
    """

    def __init__(self, session: Session, request: Request[object], reading: Reading[E]) -> None:
        self.session = session
        self.request = request
        self.reading = reading
        self.response: HttpResponse | None = None
        self.logid: str | None = None
        self._deadline = self._new_deadline()
        self._closed = False
        self._aborted = False
        self._token = ""
        self._generation = generation()

    def _new_deadline(self) -> float | None:
        limit = self.session.config.timeout.deadline
        return None if limit is None else monotonic() + limit

    async def open(self) -> HttpResponse:
        """Send the request and return the response, whose body is still to be read; raises CozeError."""
        if self._closed:
            raise CozeError("This stream is closed", cure="A stream can be read only once: open a new one")
        self._generation = generation()
        self.response, self._token = await self.session.open(self.request)
        self.reading.logid = self.logid = self.response.head.logid
        return self.response

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
        return [*pending, *await self.recover(failure)]

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

        def feed(piece: bytes) -> bool:
            for event in reading.feed(piece):
                receive(event)
            return reading.over or self.past_deadline or self.is_foreign

        failure: CozeError | None = None
        try:
            response = await self.open()
            try:
                await response.read_chunks(feed)
            except TransportError as error:
                failure = error
            if not reading.over:
                self.check()
            for event in await self.finish(failure):
                receive(event)
            self.raise_failure()
        except CozeError as error:
            self.mask(error)
            raise
        finally:
            await self.close()

    def mask(self, error: CozeError) -> None:
        """Hide the token in an error: a server may repeat it, also as an id."""
        mask_secret(error, self._token)

    async def abandon(self) -> None:
        """Called once if the reader stops before the end; an override may cancel the run on the server."""

    async def abort(self) -> None:
        """Break the connection, so that the thread or task that reads it stops and closes the stream."""
        self._aborted = True
        if self.response is not None and not self.is_foreign:
            await self.response.abort()

    async def close(self) -> None:
        """Release the connection, and call ``abandon`` if the stream was not complete; a second call does nothing."""
        if self._closed:
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
                await self.session.concurrency.shield(self._leave(self.response), _CLOSING_SECONDS)
        finally:
            self.on_close()

    async def _end(self, response: HttpResponse) -> None:
        try:
            if self.reading.over:
                await response.drain(_DRAIN_SECONDS)
        finally:
            await response.close()

    async def _leave(self, response: HttpResponse) -> None:
        try:
            await response.close()
        finally:
            await self._abandon_quietly()

    async def _abandon_quietly(self) -> None:
        try:
            await self.abandon()
        except Exception as error:  # noqa: BLE001 - any error, also of a token function, would hide why the reader stopped
            _log.debug("cancelling an abandoned stream failed: %s", type(error).__name__)

    def on_close(self) -> None:
        """Called once when the stream is closed."""
