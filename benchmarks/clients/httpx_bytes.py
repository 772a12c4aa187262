"""The limit of every client that uses httpx: it reads the bytes of a stream and does not parse them.

``on_delta`` receives each piece of bytes; its length counts one character for each byte.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import httpx

from benchmarks.clients.works import OnDelta


class Blocking:
    def __init__(self, url: str) -> None:
        self.client, self.url = httpx.Client(), f"{url}/v3/chat"

    def stream(self, on_delta: OnDelta) -> None:
        with self.client.stream("POST", self.url, json={"stream": True}) as response:
            for piece in response.iter_bytes():
                on_delta(cast("str", piece))


class Saving:
    """The loop that httpx's own documentation gives for a large file."""

    def __init__(self, url: str) -> None:
        self.client, self.url = httpx.Client(), f"{url}/v1/audio/speech"

    def save(self, path: Path) -> None:
        with path.open("wb") as file, self.client.stream("POST", self.url, json={"input": "hi"}) as response:
            for piece in response.iter_bytes():
                file.write(piece)


class AsyncioSaving:
    """The same with asyncio; each write blocks the event loop."""

    def __init__(self, url: str) -> None:
        self.client, self.url = httpx.AsyncClient(), f"{url}/v1/audio/speech"

    async def save(self, path: Path) -> None:
        with path.open("wb") as file:
            async with self.client.stream("POST", self.url, json={"input": "hi"}) as response:
                async for piece in response.aiter_bytes():
                    file.write(piece)


class Recall:
    """The earliest time at which a client can have the recall message."""

    def __init__(self, url: str) -> None:
        self.client, self.url = httpx.Client(), f"{url}/v3/chat"

    def call(self) -> object:
        with self.client.stream("POST", self.url, json={"stream": True}) as response:
            return next(piece for piece in response.iter_bytes() if b"knowledge_recall" in piece)


class Asyncio:
    def __init__(self, url: str) -> None:
        self.client, self.url = httpx.AsyncClient(), f"{url}/v3/chat"

    async def stream(self, on_delta: OnDelta) -> None:
        async with self.client.stream("POST", self.url, json={"stream": True}) as response:
            async for piece in response.aiter_bytes():
                on_delta(cast("str", piece))
