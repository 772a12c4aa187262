"""This project's core: typed events on both faces, by the public API alone."""

from __future__ import annotations

from typing import Literal

from benchmarks.clients.works import Take
from coze_client import AsyncCozeClient, CozeClient, Message


class Blocking:
    def __init__(self, url: str) -> None:
        self.chats = CozeClient("token", base_url=url).chats

    def stream(self, take: Take) -> None:
        with self.chats.stream(bot_id="1", user_id="u", additional_messages=[Message.user("hi")]) as events:
            for event in events:
                if text := event.delta:
                    take(text)

    def call(self) -> object:
        return self.chats.retrieve(chat_id="1", conversation_id="1")


class Asyncio:
    transport: Literal["aiohttp"] | None = None

    def __init__(self, url: str) -> None:
        self.chats = AsyncCozeClient("token", base_url=url, transport=self.transport).chats

    async def stream(self, take: Take) -> None:
        async with self.chats.stream(bot_id="1", user_id="u", additional_messages=[Message.user("hi")]) as events:
            async for event in events:
                if text := event.delta:
                    take(text)

    async def call(self) -> object:
        return await self.chats.retrieve(chat_id="1", conversation_id="1")


class Aiohttp(Asyncio):
    transport = "aiohttp"
