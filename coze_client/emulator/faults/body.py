"""Faults of a body's bytes: how events are written, and where chunks and the connection end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from coze_client.emulator.protocol.fault import ConnectionCut, Fault
from coze_client.emulator.protocol.stream import Framing


@dataclass(frozen=True)
class LineEnding(Fault):
    """Sends lines with another line ending: CRLF, CR or LF."""

    text: str

    def framing(self, framing: Framing) -> Framing:
        return replace(framing, newline=self.text)


@dataclass(frozen=True)
class SpaceAfterColon(Fault):
    """Sends a space after the colon of each field."""

    def framing(self, framing: Framing) -> Framing:
        return replace(framing, colon=": ")


@dataclass(frozen=True)
class GluedEvents(Fault):
    """Sends no blank line between events."""

    def framing(self, framing: Framing) -> Framing:
        return replace(framing, separator="")


@dataclass(frozen=True)
class Comments(Fault):
    """Sends a comment line before each event."""

    def framing(self, framing: Framing) -> Framing:
        return replace(framing, comment=" keep-alive")


@dataclass(frozen=True)
class Rechunk(Fault):
    """Sends the body in chunks of `size` bytes, also in the middle of a character."""

    size: int

    async def chunks(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        buffer = b""
        async for chunk in chunks:
            buffer += chunk
            while len(buffer) >= self.size:
                yield buffer[: self.size]
                buffer = buffer[self.size :]
        if buffer:
            yield buffer


@dataclass(frozen=True)
class CutAfterBytes(Fault):
    """Breaks the connection after `count` bytes of the body; `clean` ends the body as if it were complete."""

    count: int
    clean: bool = False

    async def chunks(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        left = self.count
        async for chunk in chunks:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                raise ConnectionCut(clean=self.clean)
