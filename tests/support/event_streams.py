"""Bytes of event streams, written from names and data."""

from __future__ import annotations

import json


def event_stream(*events: tuple[str, object]) -> bytes:
    """The body of a stream with these events, in Coze's form."""
    return b"".join(
        f"event:{name}\ndata:{data if isinstance(data, str) else json.dumps(data)}\n\n".encode()
        for name, data in events
    )
