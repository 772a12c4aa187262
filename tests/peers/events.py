"""A stream as a peer read it: pairs of an event's name and its data."""

from __future__ import annotations

from typing import Any

from tests.support.api_calls import Json

Events = list[tuple[str, Any]]
DELTA = "conversation.message.delta"
PLAIN_STREAM = ["chat.created", "chat.in_progress", "message.delta", "message.completed", "chat.completed"]


def event_names(events: Events) -> list[str]:
    """Return the event names without `conversation.`; equal neighbours count once."""
    short = [name.removeprefix("conversation.") for name, _ in events]
    return [name for n, name in enumerate(short) if n == 0 or short[n - 1] != name]


def joined_deltas(events: Events, field: str = "content") -> str:
    """Join one field of the deltas."""
    return "".join(data.get(field) or "" for name, data in events if name == DELTA)


def completed_messages(events: Events) -> list[tuple[str, str]]:
    """Return type and content of each completed message."""
    completed = [data for name, data in events if name == "conversation.message.completed"]
    return [(message["type"], message["content"]) for message in completed]


def same_values(read: Json, sent: Json) -> bool:
    """Check that each value the peer read equals the value sent; a number may be read from its digits."""
    return all(value == sent[key] or str(value) == sent[key] for key, value in read.items())
