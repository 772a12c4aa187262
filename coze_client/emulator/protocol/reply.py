"""The replies of handlers as values; the app encodes them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from coze_client.emulator.protocol.stream import Event, Framing

CLOUD_CHATS = Framing()


@dataclass(frozen=True)
class JsonReply:
    """A successful JSON reply: `data` under `key` in the envelope, and the fields of `beside` next to it.

    `bare` omits code and msg.
    """

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
    """A reply of these bytes, with their length unless `chunked`; `dropped` closes the connection instead."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    dropped: bool = False
    chunked: bool = False


Reply = JsonReply | EventReply | RawReply
