"""A model of either framework gives a whole answer, or an error with what arrived, in every way of asking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from llama_index.core.llms import ChatMessage

from coze_client import AsyncCozeClient, ChatFailed, CozeClient, StreamInterrupted
from langchain_coze import ChatCoze
from llama_index_coze import CozeLLM
from tests.support.scripted_coze import (
    DONE,
    Event,
    ScriptedCoze,
    as_json,
    as_stream,
    chat,
    completed,
    created,
    delta,
    end,
    message,
)

Ask = Callable[[ScriptedCoze], Any]


def blocking(coze: ScriptedCoze) -> CozeClient:
    return CozeClient("t", base_url="http://coze", transport=httpx.MockTransport(coze))


def on_loop(coze: ScriptedCoze) -> AsyncCozeClient:
    return AsyncCozeClient("t", base_url="http://coze", transport=httpx.MockTransport(coze))


def invoke(coze: ScriptedCoze) -> str:
    return ChatCoze(bot_id="1", client=blocking(coze)).invoke("hi").text


def stream(coze: ScriptedCoze) -> str:
    return "".join(chunk.text for chunk in ChatCoze(bot_id="1", client=blocking(coze)).stream("hi"))


def ainvoke(coze: ScriptedCoze) -> str:
    return asyncio.run(ChatCoze(bot_id="1", client=on_loop(coze)).ainvoke("hi")).text


def astream(coze: ScriptedCoze) -> str:
    async def read() -> str:
        return "".join([chunk.text async for chunk in ChatCoze(bot_id="1", client=on_loop(coze)).astream("hi")])

    return asyncio.run(read())


def complete(coze: ScriptedCoze) -> str:
    return str(CozeLLM(bot_id="1", client=blocking(coze)).complete("hi"))


def stream_chat(coze: ScriptedCoze) -> str:
    responses = CozeLLM(bot_id="1", client=blocking(coze)).stream_chat([ChatMessage("hi")])
    return "".join(response.delta or "" for response in responses)


def acomplete(coze: ScriptedCoze) -> str:
    return str(asyncio.run(CozeLLM(bot_id="1", client=on_loop(coze)).acomplete("hi")))


def astream_complete(coze: ScriptedCoze) -> str:
    async def read() -> str:
        responses = await CozeLLM(bot_id="1", client=on_loop(coze)).astream_complete("hi")
        return "".join([response.delta or "" async for response in responses])

    return asyncio.run(read())


WAYS: list[Ask] = [invoke, stream, ainvoke, astream, complete, stream_chat, acomplete, astream_complete]
ENDED = {"/v3/chat/retrieve": as_json(chat("completed"))}
HALF: list[Event] = [created(), delta("Take half a "), delta("tablet")]


@pytest.mark.parametrize("ask", WAYS)
def test_a_half_answer_that_the_server_does_not_list_is_an_error(ask: Ask) -> None:
    coze = ScriptedCoze({"/v3/chat": as_stream(HALF, broken=True), "/v3/chat/message/list": as_json([]), **ENDED})
    with pytest.raises(StreamInterrupted) as caught:
        ask(coze)
    assert (caught.value.text, caught.value.chat_id) == ("Take half a tablet", "7")
    assert coze.count("/v3/chat") == 1


@pytest.mark.parametrize("ask", WAYS)
def test_a_half_answer_that_the_server_lists_whole_is_completed(ask: Ask) -> None:
    listed = as_json([message("Take half a tablet daily")])
    coze = ScriptedCoze({"/v3/chat": as_stream(HALF, broken=True), "/v3/chat/message/list": listed, **ENDED})
    assert ask(coze) == "Take half a tablet daily"


@pytest.mark.parametrize("ask", WAYS)
def test_a_chat_without_an_answer_is_an_error(ask: Ask) -> None:
    coze = ScriptedCoze({"/v3/chat": as_stream([created(), end(), DONE])})
    with pytest.raises(ChatFailed, match="without an answer"):
        ask(coze)


@pytest.mark.parametrize("ask", WAYS)
def test_an_answer_with_a_hole_is_an_error(ask: Ask) -> None:
    events: list[Event] = [created(), delta("Take "), delta("tablets"), completed(message("Take no tablets")), end()]
    with pytest.raises(StreamInterrupted, match="contradicts"):
        ask(ScriptedCoze({"/v3/chat": as_stream([*events, DONE])}))
