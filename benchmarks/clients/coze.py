"""This project's core: typed events on the blocking and the asyncio client, with the public API only."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from benchmarks.clients.works import OnDelta
from coze_client import AsyncCozeClient, CozeClient, Message


class Blocking:
    def __init__(self, url: str) -> None:
        self.chats = CozeClient("token", base_url=url).chats

    def stream(self, on_delta: OnDelta) -> None:
        with self.chats.stream(bot_id="1", user_id="u", additional_messages=[Message.user("hi")]) as events:
            for event in events:
                if text := event.delta:
                    on_delta(text)

    def call(self) -> object:
        return self.chats.retrieve(chat_id="1", conversation_id="1")


class Saving:
    def __init__(self, url: str) -> None:
        self.speech = CozeClient("token", base_url=url).audio.speech

    def save(self, path: Path) -> object:
        return self.speech.create(input="hi", voice_id="1").to_file(path)


class AsyncioSaving:
    def __init__(self, url: str) -> None:
        self.speech = AsyncCozeClient("token", base_url=url).audio.speech

    async def save(self, path: Path) -> object:
        return await self.speech.create(input="hi", voice_id="1").to_file(path)


class Asyncio:
    transport: Literal["aiohttp"] | None = None

    def __init__(self, url: str) -> None:
        self.chats = AsyncCozeClient("token", base_url=url, transport=self.transport).chats

    async def stream(self, on_delta: OnDelta) -> None:
        async with self.chats.stream(bot_id="1", user_id="u", additional_messages=[Message.user("hi")]) as events:
            async for event in events:
                if text := event.delta:
                    on_delta(text)

    async def call(self) -> object:
        return await self.chats.retrieve(chat_id="1", conversation_id="1")


class Aiohttp(Asyncio):
    transport = "aiohttp"


class Leaving(Asyncio):
    """Closes a stream without a further request that would cancel the chat, as other clients do."""

    async def stream(self, on_delta: OnDelta) -> None:
        question = [Message.user("hi")]
        events = self.chats.stream(bot_id="1", user_id="u", additional_messages=question, cancel_on_close=False)
        async with events:
            async for event in events:
                if text := event.delta:
                    on_delta(text)


class LeavingAiohttp(Leaving):
    transport = "aiohttp"
