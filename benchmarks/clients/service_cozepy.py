"""cozepy, the official Python SDK, as a service account, with threads and with tasks."""

from __future__ import annotations

from cozepy import AsyncCoze, AsyncJWTAuth, Coze, JWTAuth

from benchmarks.clients.service_key import private_key


class Threads:
    def __init__(self, url: str) -> None:
        auth = JWTAuth("1", private_key(), "k", base_url=url)
        self.chat = Coze(auth=auth, base_url=url).chat

    def call(self) -> object:
        return self.chat.retrieve(conversation_id="1", chat_id="1")


class Tasks:
    def __init__(self, url: str) -> None:
        auth = AsyncJWTAuth("1", private_key(), "k", base_url=url)
        self.chat = AsyncCoze(auth=auth, base_url=url).chat

    async def call(self) -> object:
        return await self.chat.retrieve(conversation_id="1", chat_id="1")
