"""This project's LLM for LlamaIndex."""

from __future__ import annotations

from typing import Literal

from llama_index.core.base.llms.types import ChatMessage

from benchmarks.clients.works import OnDelta
from llama_index_coze import CozeLLM


class Model:
    def __init__(self, url: str) -> None:
        self.model = CozeLLM(bot_id="1", user_id="u", token="token", base_url=url)

    def stream(self, on_delta: OnDelta) -> None:
        for response in self.model.stream_chat([ChatMessage(content="hi")]):
            if response.delta:
                on_delta(response.delta)


class Asyncio:
    transport: Literal["aiohttp"] | None = None

    def __init__(self, url: str) -> None:
        self.model = CozeLLM(bot_id="1", user_id="u", token="token", base_url=url, transport=self.transport)

    async def stream(self, on_delta: OnDelta) -> None:
        async for response in await self.model.astream_chat([ChatMessage(content="hi")]):
            if response.delta:
                on_delta(response.delta)

    async def call(self) -> object:
        return await self.model.achat([ChatMessage(content="hi")])


class Aiohttp(Asyncio):
    transport = "aiohttp"
