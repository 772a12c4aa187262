"""The base class of faults: a method for each stage of a reply that a fault can change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import ClassVar

from coze_client.emulator.protocol.reply import RawReply
from coze_client.emulator.protocol.stream import Event, Framing


class ConnectionCut(Exception):
    """Raised to cut a body; `clean` ends the body as if it were complete."""

    def __init__(self, *, clean: bool) -> None:
        super().__init__()
        self.clean = clean


class Fault:
    """A fault that changes nothing; subclasses override one method."""

    answers: ClassVar[bool] = False
    """Whether the fault replaces the server's reply."""

    expires_token: ClassVar[bool] = False
    """Whether the fault expires the token of the request."""

    async def wait(self) -> None:
        """Delay the handling of the request."""

    def instead(self) -> RawReply | None:
        """Return a reply that is sent without handling the request."""
        return None

    def afterwards(self) -> RawReply | None:
        """Return a reply that is sent instead of the server's, after the request was handled."""
        return None

    def payload(self, value: dict[str, object]) -> dict[str, object]:
        """Change the JSON of a successful reply."""
        return value

    def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        """Change the events of a stream."""
        return events

    def framing(self, framing: Framing) -> Framing:
        """Change the way events are encoded."""
        return framing

    def chunks(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Change the bytes of a body."""
        return chunks


@dataclass
class PendingFault:
    """A fault for the next `times` requests whose path matches the pattern `path`."""

    fault: Fault
    path: str
    times: int

    def matches(self, path: str) -> bool:
        return fnmatchcase(path, self.path)
