"""An HTTP handler that replays a recorded chat stream up to a cut, and answers later requests about that chat."""

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
        self.pieces = [content[start : start + size] for start in range(0, len(content), size)]
        self.broken = broken

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces
        if self.broken:
            raise httpx.ReadError("connection lost")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


@dataclass
class StreamReplay:
    """Sends `stream` cut after `cut` bytes; then retrieves and lists the chat as the recorded Coze would.

    `starts` is the number of chats started, `paths` the paths requested.
    """

    stream: bytes
    cut: int
    size: int = 4096
    broken: bool = True
    starts: int = 0
    paths: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        reading = ChatReading(1 << 24)
        reading.feed(self.stream)
        reading.finish()
        self.chat = reading.chat or Chat()
        self.messages = reading.received.messages

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.paths.append(path)
        if path in ("/v3/chat", "/v3/chat/submit_tool_outputs"):
            self.starts += 1
            body = Body(self.stream[: self.cut], self.size, broken=self.broken)
            return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=body)
        if path == "/v3/chat/retrieve":
            return envelope(self.chat.model_dump(mode="json", exclude_unset=True))
        if path == "/v3/chat/message/list":
            return envelope([dump(message) for message in self.listed_messages()])
        return envelope({})

    def listed_messages(self) -> list[Message]:
        """The messages as Coze lists them: verbose ones before answers, the others in the order of arrival."""
        return sorted(self.messages, key=lambda message: message.type != "verbose")


def envelope(data: object) -> httpx.Response:
    """Return a successful response with this data."""
    return httpx.Response(200, content=json.dumps({"code": 0, "msg": "", "data": data}).encode())


def dump(message: Message) -> dict[str, object]:
    """Return a message as Coze sent it."""
    return message.model_dump(mode="json", exclude_unset=True)
