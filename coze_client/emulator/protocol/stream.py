"""Encode server-sent events."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """One event; `name` None omits the event line, as in the v2 API; `data` is sent as JSON unless it is a string.

    `id` is the number of the event, None in streams without numbers.
    """

    name: str | None
    data: object
    id: int | None = None


@dataclass(frozen=True)
class Framing:
    """The separators of fields, lines and events; the defaults are those of the cloud's chat streams."""

    colon: str = ":"
    newline: str = "\n"
    separator: str = "\n"
    comment: str = ""


def to_json(value: object) -> str:
    """Encode a value as compact JSON, with non-ASCII characters unescaped."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def encode(event: Event, framing: Framing) -> bytes:
    """Encode one event; each line of its data becomes a data line."""
    data = event.data if isinstance(event.data, str) else to_json(event.data)
    lines = [f":{framing.comment}"] if framing.comment else []
    if event.id is not None:
        lines.append(f"id{framing.colon}{event.id}")
    if event.name is not None:
        lines.append(f"event{framing.colon}{event.name}")
    lines += [f"data{framing.colon}{line}" for line in data.split("\n")]
    text = "".join(line + "\n" for line in lines) + framing.separator
    return text.replace("\n", framing.newline).encode()
