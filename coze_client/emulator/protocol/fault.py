"""Where a fault may step in: before a reply, instead of it, in its values, its events, its bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import ClassVar

from coze_client.emulator.protocol.reply import RawReply
from coze_client.emulator.protocol.stream import Event, Framing


class ConnectionCut(Exception):
    """Ends a body before its end; `clean` says that the server pretends this was all."""

    def __init__(self, *, clean: bool) -> None:
        super().__init__()
        self.clean = clean


class Fault:
    """A fault that does nothing; each of its kind overrides one stage."""

    answers: ClassVar[bool] = False
    """Whether it answers in place of the server."""

    expires_token: ClassVar[bool] = False
    """Whether the request's token is dead from now on."""

    async def wait(self) -> None:
        """Spends time before anything happens."""

    def instead(self) -> RawReply | None:
        """An answer given before the server does anything."""
        return None

    def afterwards(self) -> RawReply | None:
        """An answer given in place of the server's, after it has done its work."""
        return None

    def payload(self, value: dict[str, object]) -> dict[str, object]:
        return value

    def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        return events

    def framing(self, framing: Framing) -> Framing:
        return framing

    def chunks(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        return chunks


@dataclass
class Injected:
    """A fault that waits for the next `times` requests whose path matches."""

    fault: Fault
    path: str
    times: int

    def suits(self, path: str) -> bool:
        return fnmatchcase(path, self.path)
