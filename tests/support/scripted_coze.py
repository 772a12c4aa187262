"""A scripted Coze: each path has one response, and the parts of which responses are made."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from coze_client import Message
from tests.support.clients import Driver
from tests.support.replay import Body

ASK = {"bot_id": "1", "user_id": "u", "additional_messages": [Message.user("hi")]}
"""What a test asks the script's bot."""
CHAT = {"id": "7", "conversation_id": "8", "bot_id": "1"}
Event = tuple[str, object]


def chat(status: str, **more: object) -> dict[str, object]:
    """Return the chat of the script in this status."""
    return {**CHAT, "status": status, **more}


def message(content: str, type_: str = "answer", id_: str = "9", **more: object) -> dict[str, object]:
    """Return a message of the script's chat."""
    ids = {"id": id_, "conversation_id": "8", "chat_id": "7", "bot_id": "1"}
    return {**ids, "role": "assistant", "type": type_, "content": content, "content_type": "text", **more}


def verbose(kind: str, id_: str = "10") -> dict[str, object]:
    """Return a verbose message of this kind."""
    return message(json.dumps({"msg_type": kind, "data": ""}), "verbose", id_)


def created() -> Event:
    """Return the first event of a chat."""
    return "conversation.chat.created", chat("created")


def delta(text: str, id_: str = "9", **more: object) -> Event:
    """Return a part of an answer."""
    return "conversation.message.delta", message(text, "answer", id_, **more)


def completed(of: Mapping[str, object]) -> Event:
    """Return the event of a completed message."""
    return "conversation.message.completed", of


def end(status: str = "completed") -> Event:
    """Return the event of the chat's end."""
    return f"conversation.chat.{status}", chat(status)


DONE: Event = ("done", "[DONE]")


def whole_stream(*messages: Mapping[str, object], text: str = "") -> list[Event]:
    """Return the events of a chat that completes with these messages, the first of which may come as deltas before."""
    return [created(), *map(delta, text), *map(completed, messages), end(), DONE]


BERN = whole_stream(message("Bern"), text="Bern")
"""The events of a chat that is answered by one message, delta by delta."""


def sse(events: Sequence[Event]) -> bytes:
    """Return events as the bytes of a stream."""
    blocks = [f"event:{name}\ndata:{data if isinstance(data, str) else json.dumps(data)}\n\n" for name, data in events]
    return "".join(blocks).encode()


def as_stream(
    events: Sequence[Event], *, broken: bool = False, kind: str | None = "text/event-stream", size: int = 4096
) -> httpx.Response:
    """Return a stream in pieces of `size` bytes, with content type `kind`; `broken` loses the connection at its end."""
    headers = {"x-tt-logid": "log1", **({"content-type": kind} if kind else {})}
    return httpx.Response(200, headers=headers, stream=Body(sse(events), size, broken=broken))


def as_json(data: object, **more: object) -> httpx.Response:
    """Return a successful response with this data."""
    return httpx.Response(200, headers={"x-tt-logid": "log1"}, json={"code": 0, "msg": "", "data": data, **more})


def ended(*messages: Mapping[str, object]) -> dict[str, httpx.Response]:
    """Return the responses about a chat that has completed with these messages, by their paths."""
    return {"/v3/chat/retrieve": as_json(chat("completed")), "/v3/chat/message/list": as_json(messages)}


class ScriptedCoze:
    """Answers each path with its response, any other with an empty success; `paths` and `bodies` were requested."""

    def __init__(self, responses: Mapping[str, httpx.Response | Callable[[], httpx.Response]]) -> None:
        self.responses = responses
        self.paths: list[str] = []
        self.bodies: list[bytes] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        self.bodies.append(request.content)
        given = self.responses.get(request.url.path, as_json({}))
        return given() if callable(given) else given

    def count(self, path: str) -> int:
        """Return how often a path was requested."""
        return self.paths.count(path)


def scripted(driver: Driver, coze: ScriptedCoze, **options: Any) -> Any:
    """Return a client of the scripted server."""
    return driver.client("t", base_url="http://coze", transport=httpx.MockTransport(coze), **options)
