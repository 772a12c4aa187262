"""cozepy, the official Python SDK."""

from __future__ import annotations

from pathlib import Path

from cozepy import AsyncCoze, AsyncTokenAuth, ChatEventType, Coze, Message, TokenAuth

from benchmarks.clients.works import OnDelta

DELTA = ChatEventType.CONVERSATION_MESSAGE_DELTA


class Blocking:
    def __init__(self, url: str) -> None:
        self.chat = Coze(auth=TokenAuth("token"), base_url=url).chat

    def stream(self, on_delta: OnDelta) -> None:
        question = [Message.build_user_question_text("hi")]
        for event in self.chat.stream(bot_id="1", user_id="u", additional_messages=question):
            if event.event == DELTA:
                on_delta(event.message.content)

    def call(self) -> object:
        return self.chat.retrieve(conversation_id="1", chat_id="1")


class Saving:
    def __init__(self, url: str) -> None:
        self.speech = Coze(auth=TokenAuth("token"), base_url=url).audio.speech

    def save(self, path: Path) -> None:
        self.speech.create(input="hi", voice_id="1").write_to_file(str(path))


class AsyncioSaving:
    def __init__(self, url: str) -> None:
        self.speech = AsyncCoze(auth=AsyncTokenAuth("token"), base_url=url).audio.speech

    async def save(self, path: Path) -> None:
        response = await self.speech.create(input="hi", voice_id="1")
        response.write_to_file(str(path))  # cozepy has read the whole file by now


class Asyncio:
    def __init__(self, url: str) -> None:
        self.chat = AsyncCoze(auth=AsyncTokenAuth("token"), base_url=url).chat

    async def stream(self, on_delta: OnDelta) -> None:
        question = [Message.build_user_question_text("hi")]
        async for event in self.chat.stream(bot_id="1", user_id="u", additional_messages=question):
            if event.event == DELTA:
                on_delta(event.message.content)

    async def call(self) -> object:
        return await self.chat.retrieve(conversation_id="1", chat_id="1")
