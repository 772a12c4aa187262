"""A file that a call returns, handed out while it arrives: piece by piece, whole, or into a file."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from coze_client.core.call_errors import explain
from coze_client.core.concurrency import Blocking
from coze_client.core.http import HttpResponse
from coze_client.core.new_file import NewFile
from coze_client.core.reading import Reading
from coze_client.core.request import Request
from coze_client.core.response import no_end
from coze_client.core.session import Opened, Session
from coze_client.core.stream import AsyncStreamIterator, Events, StreamFacts, StreamIterator
from coze_client.core.stream_run import READ_ONCE, StreamRun
from coze_client.errors import ConnectionFailed, CozeError, ProtocolError, TransportError

_WRITTEN_AT_ONCE = 1 << 20  # bytes: a thread for each piece would take longer than the file


class ByteReading(Reading[bytes]):
    """Passes the pieces of a body on and counts their bytes; only the run knows whether the body is complete."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        self.size += len(chunk)
        return [chunk] if chunk else []

    def finish(self) -> list[bytes]:
        return []


class ByteRun(StreamRun[bytes]):
    """The steps of one file: it is complete if the connection ended in order, after as many bytes as announced."""

    def __init__(self, session: Session, request: Request[object]) -> None:
        self._bytes = ByteReading()
        super().__init__(session, request, self._bytes)
        self.content_type = ""
        self.collecting = False
        self._announced: int | None = None
        self._has_no_end = False

    def _take(self, opened: Opened) -> HttpResponse:
        response = super()._take(opened)
        headers = response.head.headers
        self.content_type, length = headers.get("content-type", ""), headers.get("content-length", "")
        if length.isdecimal() and not headers.get("content-encoding"):
            self._announced = int(length)
        self._has_no_end = response.head.has_no_end
        return response

    async def read(self) -> bytes:
        """Return the whole file."""
        self._refuse_begun()
        pieces: list[bytes] = []

        async def receive(piece: bytes) -> None:
            pieces.append(piece)

        await self._copy(receive)
        return b"".join(pieces)

    async def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file as it arrives; nothing is sent if it cannot be written, and nothing stays if it is cut."""
        self._refuse_begun()
        file = NewFile(path)
        pieces: list[bytes] = []
        written_from = 0

        async def write() -> None:  # a slow disk must not stop an event loop
            await self.session.concurrency.call(partial(file.write, pieces))
            pieces.clear()

        async def receive(piece: bytes) -> None:
            nonlocal written_from
            pieces.append(piece)
            if self._bytes.size - written_from >= _WRITTEN_AT_ONCE:
                written_from = self._bytes.size
                await write()

        try:
            await self._copy(receive)
            await write()
            return await self.session.concurrency.call(file.finish)
        finally:
            file.discard()

    async def _copy(self, receive: Callable[[bytes], Awaitable[None]]) -> None:
        """Pass every piece to `receive`, one after the other."""
        response = self.response or await self.open()
        self.collecting = True
        failure: CozeError | None = None
        try:
            try:
                while not self.is_over and (piece := await response.next_piece()):
                    self._bytes.feed(piece)
                    await receive(piece)
                    self.check()
            except TransportError as error:
                failure = error
            await self.finish(failure)
        except CozeError as error:
            self.note_error(error)
            raise
        finally:
            self.collecting = False
            await self.close()

    def _refuse_begun(self) -> None:
        self.refuse_opening()
        self.refuse_closed()
        if self.collecting or self._bytes.size or self._bytes.complete:
            raise CozeError("A part of this file was read already", cure=READ_ONCE)

    async def finish(self, failure: CozeError | None) -> Sequence[bytes]:
        self.check()
        problem = self._problem(failure)
        if problem is not None:
            explain(problem, self.request, self.session.config.timeout, past_deadline=self.past_deadline)
            raise self.reading.annotate(problem)
        self.reading.complete = True
        return []

    def _problem(self, failure: CozeError | None) -> CozeError | None:
        """What is wrong with a file whose body has ended, after `failure` if the connection broke."""
        if self._aborted:
            return CozeError("The stream was closed before the file was complete")
        if failure is None and self._bytes.size == 0:
            return ProtocolError("The server reported success, but sent no bytes")
        if failure is None and self._has_no_end:
            return no_end(self._bytes.size)
        if failure is None and self._announced in (None, self._bytes.size):
            return None
        broken = failure or ConnectionFailed("The connection ended early")
        expected = "" if self._announced is None else f" of {self._announced}"
        broken.message = f"The file broke off after {self._bytes.size}{expected} bytes. {broken.message}"
        broken.args = (broken.message,)
        return broken


class ByteFacts(StreamFacts[ByteRun]):
    """What the streams of both clients know about their file."""

    @property
    def content_type(self) -> str:
        """The media type that the server names, like audio/mpeg; "" until the stream is open."""
        return self._run.content_type


class ByteStream(ByteFacts, StreamIterator[bytes, ByteRun]):
    """A file that a call of CozeClient returns. It sends its request when it is entered, iterated, read or saved.

    Iterating yields the pieces as they arrive, of any size. Whatever way it is read, an incomplete file raises an error
    (ConnectionFailed, TimedOut) at its end, and an error that the server sends in place of the file is raised at the
    beginning. It can be read once.
    """

    def read(self) -> bytes:
        """Return the whole file."""
        return Blocking.run(self._run.read())

    def to_file(self, path: str | os.PathLike[str]) -> Path:
        """Write the file to `path` while it arrives, in little memory, and return the path.

        The path has the whole file or what it had before. Raises OSError, before anything is sent, if it cannot be
        written.
        """
        return Blocking.run(self._run.save(path))

    def close(self) -> None:
        """Close the connection; whoever reads the file in another thread gets an error."""
        if self._run.collecting:
            Blocking.run(self._run.abort())
        else:
            super().close()


class AsyncByteStream(ByteFacts, AsyncStreamIterator[bytes, ByteRun]):
    """A file that a call of AsyncCozeClient returns; see ByteStream."""

    async def read(self) -> bytes:
        """Return the whole file."""
        return await self._run.read()

    async def to_file(self, path: str | os.PathLike[str]) -> Path:
        """Write the file to `path` while it arrives, in little memory, and return the path.

        The path has the whole file or what it had before. Raises OSError, before anything is sent, if it cannot be
        written.
        """
        return await self._run.save(path)

    async def aclose(self) -> None:
        """Close the connection; whoever reads the file in another task gets an error."""
        if self._run.collecting:
            await self._run.abort()
        else:
            await super().aclose()

    close = aclose


def byte_stream(request: Request[bytes]) -> Events[ByteStream, AsyncByteStream]:
    """The description of a call whose response is a file."""
    return Events(
        request,
        lambda session: ByteStream(ByteRun(session, request)),
        lambda session: AsyncByteStream(ByteRun(session, request)),
    )
