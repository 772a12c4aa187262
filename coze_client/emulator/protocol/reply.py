"""What a handler answers, as values; the app gives them their bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from coze_client.emulator.protocol.stream import Event, Framing

CLOUD_CHATS = Framing()


@dataclass(frozen=True)
class JsonReply:
    """A JSON success: `data` under `key` in the envelope, `beside` next to it; `bare` leaves code and msg out."""

    data: object = None
    key: str = "data"
    beside: Mapping[str, object] = field(default_factory=dict)
    bare: bool = False


@dataclass(frozen=True)
class EventReply:
    """A server-sent event stream at HTTP 200."""

    events: AsyncIterator[Event]
    framing: Framing = CLOUD_CHATS


@dataclass(frozen=True)
class RawReply:
    """A complete answer, byte for byte; `dropped` closes the connection before any of it."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    dropped: bool = False


Reply = JsonReply | EventReply | RawReply
