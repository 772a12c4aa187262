"""This project's chat model for LangChain."""

from __future__ import annotations

from typing import Literal

from benchmarks.clients.works import OnDelta
from langchain_coze import ChatCoze


class Model:
    def __init__(self, url: str) -> None:
        self.model = ChatCoze(bot_id="1", user_id="u", token="token", base_url=url)

    def stream(self, on_delta: OnDelta) -> None:
        for chunk in self.model.stream("hi"):
            if isinstance(chunk.content, str) and chunk.content:
                on_delta(chunk.content)

    def call(self) -> object:
        return self.model.invoke("hi")


class Asyncio:
    transport: Literal["aiohttp"] | None = None

    def __init__(self, url: str) -> None:
        self.model = ChatCoze(bot_id="1", user_id="u", token="token", base_url=url, transport=self.transport)

    async def stream(self, on_delta: OnDelta) -> None:
        async for chunk in self.model.astream("hi"):
            if isinstance(chunk.content, str) and chunk.content:
                on_delta(chunk.content)

    async def call(self) -> object:
        return await self.model.ainvoke("hi")


class Aiohttp(Asyncio):
    transport = "aiohttp"
