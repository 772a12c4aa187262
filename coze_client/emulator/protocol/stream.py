"""Server-sent events and their bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """`name` None leaves the event line out (the v2 API); `data` goes out as JSON, or as it is if it is a string.

    `id` numbers the events of streams that have numbers.
    """

    name: str | None
    data: object
    id: int | None = None


@dataclass(frozen=True)
class Framing:
    """How an event is spelled; the defaults are those of the cloud's chat streams."""

    colon: str = ":"
    newline: str = "\n"
    separator: str = "\n"
    comment: str = ""


def to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def encode(event: Event, framing: Framing) -> bytes:
    data = event.data if isinstance(event.data, str) else to_json(event.data)
    lines = [f":{framing.comment}"] if framing.comment else []
    if event.id is not None:
        lines.append(f"id{framing.colon}{event.id}")
    if event.name is not None:
        lines.append(f"event{framing.colon}{event.name}")
    lines += [f"data{framing.colon}{line}" for line in data.split("\n")]
    text = "".join(line + "\n" for line in lines) + framing.separator
    return text.replace("\n", framing.newline).encode()
