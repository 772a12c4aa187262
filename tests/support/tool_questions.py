"""Every way to ask a model of either framework with tools, each as one function of the model and options."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from llama_index.core.tools import FunctionTool

from langchain_coze import ChatCoze
from llama_index_coze import CozeLLM


def lookup(city: str) -> str:
    """The weather in a city."""
    return f"sun in {city}"


TOOLS = [FunctionTool.from_defaults(lookup)]


def invoke(model: Any, **options: Any) -> Any:
    """Bind the tool and invoke."""
    return model.bind_tools([lookup], **options).invoke("Hi")


def stream(model: Any, **options: Any) -> Any:
    """Bind the tool and stream."""
    return list(model.bind_tools([lookup], **options).stream("Hi"))


def ainvoke(model: Any, **options: Any) -> Any:
    """Bind the tool and invoke on an event loop."""
    return asyncio.run(model.bind_tools([lookup], **options).ainvoke("Hi"))


def astream(model: Any, **options: Any) -> Any:
    """Bind the tool and stream on an event loop."""

    async def read() -> list[Any]:
        return [chunk async for chunk in model.bind_tools([lookup], **options).astream("Hi")]

    return asyncio.run(read())


def chat(llm: Any, **options: Any) -> Any:
    """Chat with the tool."""
    return llm.chat_with_tools(TOOLS, "Hi", **options)


def achat(llm: Any, **options: Any) -> Any:
    """Chat with the tool on an event loop."""
    return asyncio.run(llm.achat_with_tools(TOOLS, "Hi", **options))


def stream_chat(llm: Any, **options: Any) -> Any:
    """Stream a chat with the tool."""
    return list(llm.stream_chat_with_tools(TOOLS, "Hi", **options))


def astream_chat(llm: Any, **options: Any) -> Any:
    """Stream a chat with the tool on an event loop."""

    async def read() -> list[Any]:
        return [response async for response in await llm.astream_chat_with_tools(TOOLS, "Hi", **options)]

    return asyncio.run(read())


AskWithTools = Callable[..., Any]
LLAMA_INDEX: list[AskWithTools] = [chat, achat, stream_chat, astream_chat]
WAYS: list[tuple[type[ChatCoze | CozeLLM], AskWithTools]] = [
    *((ChatCoze, way) for way in (invoke, stream, ainvoke, astream)),
    *((CozeLLM, way) for way in LLAMA_INDEX),
]
