"""A Coze of one recorded stream: it sends the stream up to a cut, then answers retrieve and list as Coze would have."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import httpx

from coze_client.api.chats.events import ChatReading
from coze_client.api.chats.values import Chat
from coze_client.api.conversations.values import Message


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that arrives in pieces of `size` bytes and, if `broken`, ends with a lost connection."""

    def __init__(self, content: bytes, size: int, *, broken: bool) -> None:
        self.pieces = [content[at : at + size] for at in range(0, len(content), size)]
        self.broken = broken

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces
        if self.broken:
            raise httpx.ReadError("connection lost")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


@dataclass
class Replay:
    """Answers like the Coze that recorded `stream`, cut after `cut` bytes; counts what it was asked."""

    stream: bytes
    cut: int
    size: int = 4096
    broken: bool = True
    starts: int = 0
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        reading = ChatReading(1 << 24)
        reading.feed(self.stream)
        reading.finish()
        self.chat = reading.chat or Chat()
        self.messages = reading.received.messages

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(path)
        if path in ("/v3/chat", "/v3/chat/submit_tool_outputs"):
            self.starts += 1
            body = Body(self.stream[: self.cut], self.size, broken=self.broken)
            return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=body)
        if path == "/v3/chat/retrieve":
            return envelope(self.chat.model_dump(mode="json", exclude_unset=True))
        if path == "/v3/chat/message/list":
            return envelope([dump(message) for message in self.listed()])
        return envelope({})

    def listed(self) -> list[Message]:
        """Coze lists verbose messages before answers, and the others in the order they came."""
        return sorted(self.messages, key=lambda message: message.type != "verbose")


def envelope(data: object) -> httpx.Response:
    return httpx.Response(200, content=json.dumps({"code": 0, "msg": "", "data": data}).encode())


def dump(message: Message) -> dict[str, object]:
    return message.model_dump(mode="json", exclude_unset=True)
