"""LangChain's ways to call a runnable, each as one function."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk

from coze_client.emulator import Emulator

Ask = Callable[..., AIMessage]


def join_chunks(chunks: list[Any]) -> AIMessageChunk:
    """Return the sum of a stream's chunks, as LangChain makes it."""
    total: AIMessageChunk = reduce(add, chunks)
    return total


def invoke(runnable: Any, value: Any, /, **options: Any) -> Any:
    """Invoke a model, retriever, tool or chain."""
    return runnable.invoke(value, **options)


def ainvoke(runnable: Any, value: Any, /, **options: Any) -> Any:
    """Invoke it on an event loop."""
    return asyncio.run(runnable.ainvoke(value, **options))


def stream(model: Any, question: Any, /, **options: Any) -> AIMessage:
    """Stream a model's answer and join its chunks."""
    return join_chunks(list(model.stream(question, **options)))


def astream(model: Any, question: Any, /, **options: Any) -> AIMessage:
    """Stream a model's answer on an event loop and join its chunks."""

    async def collect() -> list[Any]:
        return [chunk async for chunk in model.astream(question, **options)]

    return join_chunks(asyncio.run(collect()))


WAYS: list[Ask] = [invoke, ainvoke, stream, astream]


def chat_body(emulator: Emulator, number: int = -1) -> dict[str, Any]:
    """Return the body of a request that started a chat, by default of the last one."""
    sent: Any = emulator.calls_to("/v3/chat")[number].body
    return dict(sent)
