"""LlamaIndex's ways to call an LLM or a retriever, each as one function."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from llama_index.core.llms import ChatMessage, ChatResponse, CompletionResponse
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore

from coze_client.emulator import Emulator
from llama_index_coze import CozeLLM

Make = Callable[..., CozeLLM]
Ask = Callable[..., ChatResponse]
Complete = Callable[..., CompletionResponse]
Search = Callable[..., list[NodeWithScore]]


def dialogue(*texts: str) -> list[ChatMessage]:
    """Return alternating messages of the user and the assistant; the last one is the user's."""
    roles = ["user", "assistant"]
    return [ChatMessage(role=roles[(len(texts) - 1 - n) % 2], content=text) for n, text in enumerate(texts)]


def chat_body(emulator: Emulator, number: int = -1) -> Mapping[str, Any]:
    """Return the body of a request that started a chat, by default of the last one."""
    sent: Any = emulator.calls_to("/v3/chat")[number].body
    return dict(sent)


def chat(llm: CozeLLM, messages: Any, **options: Any) -> ChatResponse:
    """Chat and return the response."""
    response: ChatResponse = llm.chat(_messages(messages), **options)
    return response


def achat(llm: CozeLLM, messages: Any, **options: Any) -> ChatResponse:
    """Chat on an event loop."""
    response: ChatResponse = asyncio.run(llm.achat(_messages(messages), **options))
    return response


def stream_chat(llm: CozeLLM, messages: Any, **options: Any) -> ChatResponse:
    """Stream a chat and return its last response."""
    response: ChatResponse = list(llm.stream_chat(_messages(messages), **options))[-1]
    return response


def astream_chat(llm: CozeLLM, messages: Any, **options: Any) -> ChatResponse:
    """Stream a chat on an event loop and return its last response."""

    async def collect() -> list[ChatResponse]:
        return [response async for response in await llm.astream_chat(_messages(messages), **options)]

    return asyncio.run(collect())[-1]


CHATS: list[Ask] = [chat, achat, stream_chat, astream_chat]


def complete(llm: CozeLLM, prompt: str, **options: Any) -> CompletionResponse:
    """Complete a prompt and return the response."""
    response: CompletionResponse = llm.complete(prompt, **options)
    return response


def acomplete(llm: CozeLLM, prompt: str, **options: Any) -> CompletionResponse:
    """Complete a prompt on an event loop."""
    response: CompletionResponse = asyncio.run(llm.acomplete(prompt, **options))
    return response


def stream_complete(llm: CozeLLM, prompt: str, **options: Any) -> CompletionResponse:
    """Stream a completion and return its last response."""
    response: CompletionResponse = list(llm.stream_complete(prompt, **options))[-1]
    return response


def astream_complete(llm: CozeLLM, prompt: str, **options: Any) -> CompletionResponse:
    """Stream a completion on an event loop and return its last response."""

    async def collect() -> list[CompletionResponse]:
        return [response async for response in await llm.astream_complete(prompt, **options)]

    return asyncio.run(collect())[-1]


def _messages(given: Any) -> Any:
    return dialogue(given) if isinstance(given, str) else given


def retrieve(retriever: BaseRetriever, query: Any) -> list[NodeWithScore]:
    """Retrieve nodes."""
    return list(retriever.retrieve(query))


def aretrieve(retriever: BaseRetriever, query: Any) -> list[NodeWithScore]:
    """Retrieve nodes on an event loop."""
    return list(asyncio.run(retriever.aretrieve(query)))


def node_texts(nodes: list[NodeWithScore]) -> list[str]:
    """Return the texts of nodes."""
    return [each.text for each in nodes]
