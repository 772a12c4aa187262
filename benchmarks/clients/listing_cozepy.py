"""cozepy's listing of a dataset's documents."""

from __future__ import annotations

from cozepy import AsyncCoze, AsyncTokenAuth, Coze, TokenAuth

from benchmarks.wire import DOCUMENTS, DOCUMENTS_A_PAGE


class Blocking:
    def __init__(self, url: str) -> None:
        self.documents = Coze(auth=TokenAuth("token"), base_url=url).datasets.documents

    def call(self) -> object:
        found = sum(1 for _ in self.documents.list(dataset_id="1", page_size=DOCUMENTS_A_PAGE))
        assert found == DOCUMENTS
        return found


class Asyncio:
    def __init__(self, url: str) -> None:
        self.documents = AsyncCoze(auth=AsyncTokenAuth("token"), base_url=url).datasets.documents

    async def call(self) -> object:
        found = 0
        async for _ in await self.documents.list(dataset_id="1", page_size=DOCUMENTS_A_PAGE):
            found += 1
        assert found == DOCUMENTS
        return found
