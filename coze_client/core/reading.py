"""Parsing a stream's body, without any input or output of its own."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from coze_client.core.response import RawResponse
from coze_client.core.server_text import without_advice
from coze_client.errors import CozeError

E = TypeVar("E")


def keep_part(reading: Reading[Any], part: RawResponse, error: CozeError) -> None:
    """Add to an error what its response tells, or the part that arrived of it: text, ids and the log id."""
    reading.logid = part.logid
    reading.feed(part.content)
    reading.finish()
    reading.annotate(error)


class Reading(Generic[E]):
    """Parses one stream: takes the pieces of its body and returns the events that they complete.

    ``over``: there is nothing more to read, although the connection may still be open. ``complete``: nothing is missing
    if the connection ends now. ``failure``: the error that the stream reported; it is raised after the events before
    it. ``logid``: the log id of the response.
    """

    def __init__(self) -> None:
        self.logid: str | None = None
        self.over = False
        self.complete = False
        self.failure: CozeError | None = None

    def feed(self, chunk: bytes) -> list[E]:
        """Parse one piece of the body; return the events that it completes, up to a failure."""
        raise NotImplementedError

    def finish(self) -> list[E]:
        """Return the events that are still pending when the connection ends, but no truncated ones."""
        raise NotImplementedError

    def annotate(self, error: CozeError) -> CozeError:
        """Add to an error what arrived before it; subclasses add more than the log id. Returns the error."""
        error.logid = error.logid or self.logid
        return error

    def fail(self, error: CozeError) -> None:
        """End the stream with `error`: add what arrived, and leave out advice to call again, which would bill twice."""
        error.message = without_advice(error.message)
        error.args = (error.message,)
        self.failure = self.annotate(error)
        self.over = True
