"""What a peer made of a stream: pairs of an event's name and its data."""

from __future__ import annotations

from typing import Any

from tests.support.api_calls import Json

Events = list[tuple[str, Any]]
DELTA = "conversation.message.delta"
PLAIN_STREAM = ["chat.created", "chat.in_progress", "message.delta", "message.completed", "chat.completed"]


def names(events: Events) -> list[str]:
    """Event names without `conversation.`, the same in a row once."""
    short = [name.removeprefix("conversation.") for name, _ in events]
    return [name for n, name in enumerate(short) if n == 0 or short[n - 1] != name]


def text(events: Events, field: str = "content") -> str:
    return "".join(data.get(field) or "" for name, data in events if name == DELTA)


def completed(events: Events) -> list[tuple[str, str]]:
    """Type and content of each whole message."""
    whole = [data for name, data in events if name == "conversation.message.completed"]
    return [(message["type"], message["content"]) for message in whole]


def like(read: Json, sent: Json) -> bool:
    """Whether every value that the peer read is the one on the wire, a number read from its digits included."""
    return all(value == sent[key] or str(value) == sent[key] for key, value in read.items())
