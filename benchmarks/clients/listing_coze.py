"""This project's listing of a dataset's documents: page by page, or several pages at a time."""

from __future__ import annotations

from typing import Literal

from benchmarks.wire import DOCUMENTS
from coze_client import AsyncCozeClient, CozeClient


class Blocking:
    concurrency = 1

    def __init__(self, url: str) -> None:
        self.documents = CozeClient("token", base_url=url).datasets.documents

    def call(self) -> object:
        """Lists all documents; raises if any is missing, because the figure would then be wrong."""
        found = sum(1 for _ in self.documents.list(dataset_id="1", concurrency=self.concurrency))
        assert found == DOCUMENTS
        return found


class BlockingTogether(Blocking):
    concurrency = 10


class Asyncio:
    concurrency = 1
    transport: Literal["aiohttp"] | None = None

    def __init__(self, url: str) -> None:
        self.documents = AsyncCozeClient("token", base_url=url, transport=self.transport).datasets.documents

    async def call(self) -> object:
        found = 0
        async for _ in self.documents.list(dataset_id="1", concurrency=self.concurrency):
            found += 1
        assert found == DOCUMENTS
        return found


class AsyncioTogether(Asyncio):
    concurrency = 10


class Aiohttp(Asyncio):
    transport = "aiohttp"
