"""The limit under every client that stands on httpx: it reads a stream's bytes and looks at none of them.

``take`` gets each piece as Latin-1 text would be counted: one character a byte.
"""

from __future__ import annotations

from typing import cast

import httpx

from benchmarks.clients.works import Take


class Blocking:
    def __init__(self, url: str) -> None:
        self.client, self.url = httpx.Client(), f"{url}/v3/chat"

    def stream(self, take: Take) -> None:
        with self.client.stream("POST", self.url, json={"stream": True}) as response:
            for piece in response.iter_bytes():
                take(cast("str", piece))


class Recall:
    """When a recall message is on the wire, at best."""

    def __init__(self, url: str) -> None:
        self.client, self.url = httpx.Client(), f"{url}/v3/chat"

    def call(self) -> object:
        with self.client.stream("POST", self.url, json={"stream": True}) as response:
            return next(piece for piece in response.iter_bytes() if b"knowledge_recall" in piece)


class Asyncio:
    def __init__(self, url: str) -> None:
        self.client, self.url = httpx.AsyncClient(), f"{url}/v3/chat"

    async def stream(self, take: Take) -> None:
        async with self.client.stream("POST", self.url, json={"stream": True}) as response:
            async for piece in response.aiter_bytes():
                take(cast("str", piece))
