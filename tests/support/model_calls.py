"""Every way to ask a model of either framework, over a scripted server, each as one function."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from llama_index.core.llms import ChatMessage

from coze_client import AsyncCozeClient, CozeClient
from langchain_coze import ChatCoze
from llama_index_coze import CozeLLM
from tests.support.scripted_coze import ScriptedCoze

AskScripted = Callable[..., Any]


def blocking(coze: ScriptedCoze) -> CozeClient:
    """Return a blocking client of the scripted server."""
    return CozeClient("t", base_url="http://coze", transport=httpx.MockTransport(coze), retry=None)


def on_loop(coze: ScriptedCoze) -> AsyncCozeClient:
    """Return an asyncio client of the scripted server."""
    return AsyncCozeClient("t", base_url="http://coze", transport=httpx.MockTransport(coze), retry=None)


def invoke(coze: ScriptedCoze, **options: Any) -> str:
    """Ask ChatCoze by ``invoke``."""
    return ChatCoze(**{"bot_id": "1", **options}, client=blocking(coze)).invoke("hi").text


def stream(coze: ScriptedCoze, **options: Any) -> str:
    """Ask ChatCoze by ``stream``."""
    model = ChatCoze(**{"bot_id": "1", **options}, client=blocking(coze))
    return "".join(chunk.text for chunk in model.stream("hi"))


def ainvoke(coze: ScriptedCoze, **options: Any) -> str:
    """Ask ChatCoze by ``ainvoke``."""
    return asyncio.run(ChatCoze(**{"bot_id": "1", **options}, client=on_loop(coze)).ainvoke("hi")).text


def astream(coze: ScriptedCoze, **options: Any) -> str:
    """Ask ChatCoze by ``astream``."""

    async def read() -> str:
        model = ChatCoze(**{"bot_id": "1", **options}, client=on_loop(coze))
        return "".join([chunk.text async for chunk in model.astream("hi")])

    return asyncio.run(read())


def complete(coze: ScriptedCoze, **options: Any) -> str:
    """Ask CozeLLM by ``complete``."""
    return str(CozeLLM(**{"bot_id": "1", **options}, client=blocking(coze)).complete("hi"))


def stream_chat(coze: ScriptedCoze, **options: Any) -> str:
    """Ask CozeLLM by ``stream_chat``."""
    responses = CozeLLM(**{"bot_id": "1", **options}, client=blocking(coze)).stream_chat([ChatMessage("hi")])
    return "".join(response.delta or "" for response in responses)


def acomplete(coze: ScriptedCoze, **options: Any) -> str:
    """Ask CozeLLM by ``acomplete``."""
    return str(asyncio.run(CozeLLM(**{"bot_id": "1", **options}, client=on_loop(coze)).acomplete("hi")))


def astream_complete(coze: ScriptedCoze, **options: Any) -> str:
    """Ask CozeLLM by ``astream_complete``."""

    async def read() -> str:
        responses = await CozeLLM(**{"bot_id": "1", **options}, client=on_loop(coze)).astream_complete("hi")
        return "".join([response.delta or "" async for response in responses])

    return asyncio.run(read())


WAYS: list[AskScripted] = [invoke, stream, ainvoke, astream, complete, stream_chat, acomplete, astream_complete]
