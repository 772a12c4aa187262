"""CozeLLM on a fresh emulator, called by all eight methods of LlamaIndex's LLMs."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from llama_index.core.llms import ChatMessage, ChatResponse, CompletionResponse

from coze_client.emulator import Emulator
from llama_index_coze import CozeLLM

Make = Callable[..., CozeLLM]
Ask = Callable[..., ChatResponse]
Complete = Callable[..., CompletionResponse]


@pytest.fixture(autouse=True)
def loop_for_blocking_calls(request: pytest.FixtureRequest) -> None:
    """Close the event loop that a blocking test leaves; an asyncio test has its own."""
    if not inspect.iscoroutinefunction(request.function):
        request.getfixturevalue("own_event_loop")


@pytest.fixture
def llm(emulator: Emulator) -> Make:
    """Creates an LLM of one of the emulator's bots, by the bot's name; it lives until the test ends."""
    made: list[CozeLLM] = []

    def make(bot: str = "echo", **options: Any) -> CozeLLM:
        given = {"token": emulator.token, "base_url": emulator.url, "user_id": "u1", **options}
        made.append(CozeLLM(bot_id=emulator.bots[bot], **given))
        return made[-1]

    return make


def dialogue(*texts: str) -> list[ChatMessage]:
    """Alternating messages of user and assistant; the last one is the user's."""
    roles = ["user", "assistant"]
    return [ChatMessage(role=roles[(len(texts) - 1 - n) % 2], content=text) for n, text in enumerate(texts)]


def body(emulator: Emulator, chat: int = -1) -> Mapping[str, Any]:
    """The request body of a chat."""
    sent: Any = emulator.calls_to("/v3/chat")[chat].body
    return dict(sent)


def chat(llm: CozeLLM, messages: Any, **options: Any) -> ChatResponse:
    response: ChatResponse = llm.chat(_messages(messages), **options)
    return response


def achat(llm: CozeLLM, messages: Any, **options: Any) -> ChatResponse:
    response: ChatResponse = asyncio.run(llm.achat(_messages(messages), **options))
    return response


def stream_chat(llm: CozeLLM, messages: Any, **options: Any) -> ChatResponse:
    response: ChatResponse = list(llm.stream_chat(_messages(messages), **options))[-1]
    return response


def astream_chat(llm: CozeLLM, messages: Any, **options: Any) -> ChatResponse:
    async def collect() -> list[ChatResponse]:
        return [response async for response in await llm.astream_chat(_messages(messages), **options)]

    return asyncio.run(collect())[-1]


@pytest.fixture(params=[chat, achat, stream_chat, astream_chat], ids=lambda way: way.__name__)
def ask(request: pytest.FixtureRequest) -> Ask:
    """Each of the four chat methods: they must end with the same response."""
    way: Ask = request.param
    return way


def complete(llm: CozeLLM, prompt: str, **options: Any) -> CompletionResponse:
    response: CompletionResponse = llm.complete(prompt, **options)
    return response


def acomplete(llm: CozeLLM, prompt: str, **options: Any) -> CompletionResponse:
    response: CompletionResponse = asyncio.run(llm.acomplete(prompt, **options))
    return response


def stream_complete(llm: CozeLLM, prompt: str, **options: Any) -> CompletionResponse:
    response: CompletionResponse = list(llm.stream_complete(prompt, **options))[-1]
    return response


def astream_complete(llm: CozeLLM, prompt: str, **options: Any) -> CompletionResponse:
    async def collect() -> list[CompletionResponse]:
        return [response async for response in await llm.astream_complete(prompt, **options)]

    return asyncio.run(collect())[-1]


@pytest.fixture(params=[complete, acomplete, stream_complete, astream_complete], ids=lambda way: way.__name__)
def finish(request: pytest.FixtureRequest) -> Complete:
    """Each of the four completion methods."""
    way: Complete = request.param
    return way


def _messages(given: Any) -> Any:
    return dialogue(given) if isinstance(given, str) else given
