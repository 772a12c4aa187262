"""ChatCoze on a fresh emulator, called by invoke, ainvoke, stream and astream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk

from coze_client.emulator import Emulator
from langchain_coze import ChatCoze

Ask = Callable[..., AIMessage]


@pytest.fixture
def model(emulator: Emulator) -> Callable[..., ChatCoze]:
    """Makes a model of one of the emulator's bots, by the bot's name."""

    def make(bot: str = "echo", **options: Any) -> ChatCoze:
        given = {"token": emulator.token, "base_url": emulator.url, "user_id": "u1", **options}
        return ChatCoze(bot_id=emulator.bots[bot], **given)

    return make


def add_up(chunks: list[Any]) -> AIMessageChunk:
    """The message that LangChain adds up from the chunks of a stream."""
    total: AIMessageChunk = reduce(add, chunks)
    return total


def invoke(model: Any, question: Any, /, **options: Any) -> AIMessage:
    answer: AIMessage = model.invoke(question, **options)
    return answer


def ainvoke(model: Any, question: Any, /, **options: Any) -> AIMessage:
    answer: AIMessage = asyncio.run(model.ainvoke(question, **options))
    return answer


def stream(model: Any, question: Any, /, **options: Any) -> AIMessage:
    return add_up(list(model.stream(question, **options)))


def astream(model: Any, question: Any, /, **options: Any) -> AIMessage:
    async def collect() -> list[Any]:
        return [chunk async for chunk in model.astream(question, **options)]

    return add_up(asyncio.run(collect()))


def body(emulator: Emulator, number: int = -1) -> dict[str, Any]:
    """The body of the request that started a chat, by default the last one."""
    sent: Any = emulator.calls_to("/v3/chat")[number].body
    return dict(sent)


@pytest.fixture(params=[invoke, ainvoke, stream, astream], ids=lambda way: way.__name__)
def ask(request: pytest.FixtureRequest) -> Ask:
    """One of the four ways to call a model; all must return the same answer."""
    way: Ask = request.param
    return way
