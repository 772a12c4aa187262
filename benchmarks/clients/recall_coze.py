"""This project's recall from a bot: the slices of its datasets, without the answer."""

from __future__ import annotations

from coze_client import AsyncCozeClient, CozeClient, Recall


def whole(recall: Recall) -> Recall:
    """Returns the recall; raises if slices are missing."""
    assert len(recall.slices) == 3
    return recall


class Blocking:
    def __init__(self, url: str) -> None:
        self.recall = CozeClient("token", base_url=url).recall

    def call(self) -> object:
        return whole(self.recall.from_bot("1", "Which train is late?"))


class Asyncio:
    def __init__(self, url: str) -> None:
        self.recall = AsyncCozeClient("token", base_url=url).recall

    async def call(self) -> object:
        return whole(await self.recall.from_bot("1", "Which train is late?"))
