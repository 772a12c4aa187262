"""Answers that wait on the server are never in LangChain's cache; the key of a cache has no random part."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.caches import BaseCache, InMemoryCache
from langchain_core.globals import get_llm_cache, set_llm_cache
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration

from coze_client import CozeClient
from coze_client.emulator import Emulator
from coze_client.emulator.workflows import Steps, ask
from langchain_coze import ChatCoze
from langchain_coze.answer_cache import AnswerCache
from tests.support.langchain_calls import ainvoke, invoke

Make = Callable[..., ChatCoze]
QUESTION = {"messages": [HumanMessage("What is the weather in Zurich?")]}


def get_weather(city: str) -> str:
    """The weather."""
    return f"14 C in {city}"


@pytest.fixture(params=["global", "own"])
def cached(request: pytest.FixtureRequest, model: Make) -> Iterator[Make]:
    """Makes models with one cache: LangChain's global one, or their own."""
    cache, before = InMemoryCache(), get_llm_cache()
    is_global = request.param == "global"
    set_llm_cache(cache if is_global else before)
    yield lambda bot="echo", **options: model(bot, **({} if is_global else {"cache": cache}), **options)
    set_llm_cache(before)


@pytest.mark.parametrize("call", [invoke, ainvoke])
def test_an_agent_works_again_with_a_cache(cached: Make, emulator: Emulator, call: Callable[..., Any]) -> None:
    agent = create_agent(cached("plugins"), [get_weather])
    texts = [call(agent, QUESTION)["messages"][-1].text for _ in range(2)]
    assert texts == ["get_weather says: 14 C in Zurich."] * 2
    assert len(emulator.calls_to("/v3/chat/submit_tool_outputs")) == 2


@pytest.mark.parametrize("call", [invoke, ainvoke])
def test_a_final_answer_is_found_again(cached: Make, emulator: Emulator, call: Callable[..., Any]) -> None:
    assert [call(cached(), "Hi").text for _ in range(2)] == ["Hi", "Hi"]
    assert emulator.chats_started == 1


def test_the_question_of_a_chatflow_is_not_cached(cached: Make, emulator: Emulator) -> None:
    @emulator.workflow(title="Booker", chatflow=True)
    def booker(question: str) -> Steps[str]:
        time = yield ask("Which time?")
        return f"{question} at {time}"

    model = cached(workflow_id=booker.workflow_id)
    for _ in range(2):
        first = model.invoke("A table")
        assert model.invoke([HumanMessage("A table"), first, HumanMessage("18:00")]).text == "A table at 18:00"


class OldCache(BaseCache):
    """A cache in which an earlier version stored a call of a chat that is over."""

    def lookup(self, prompt: str, llm_string: str) -> Any:
        call: Any = {"name": "get_weather", "args": {"city": "Zurich"}, "id": "c1"}
        metadata = {"status": "requires_action", "chat_id": "7", "conversation_id": "8"}
        return [ChatGeneration(message=AIMessage("", tool_calls=[call], response_metadata=metadata))]

    def update(self, prompt: str, llm_string: str, return_val: Any) -> None:
        """Store nothing."""

    def clear(self, **kwargs: Any) -> None:
        """Clear nothing."""


@pytest.mark.parametrize("call", [invoke, ainvoke])
def test_a_waiting_answer_that_was_cached_before_is_not_used(model: Make, call: Callable[..., Any]) -> None:
    assert call(model(cache=OldCache()), "Hi").text == "Hi"


def test_one_waiting_answer_among_several_keeps_all_of_them_out_of_the_cache() -> None:
    cache = AnswerCache(kept := InMemoryCache())
    final, waiting = (
        ChatGeneration(message=AIMessage("", response_metadata={"status": status}))
        for status in ("completed", "requires_action")
    )
    for found in ([waiting], [final, waiting], [waiting, final]):
        cache.update("Hi", "bot", found)
        assert kept.lookup("Hi", "bot") is None
    cache.update("Hi", "bot", [final, final])
    assert cache.lookup("Hi", "bot") == [final, final]


def test_a_cache_that_is_switched_off_stays_off(cached: Make, emulator: Emulator) -> None:
    for _ in range(2):
        cached("echo").model_copy(update={"cache": False}).invoke("Hi")
    assert emulator.chats_started == 2
    set_llm_cache(None)
    with pytest.raises(ValueError, match="no cache found"):
        cached("echo").model_copy(update={"cache": True}).invoke("Hi")


@pytest.mark.parametrize("call", [invoke, ainvoke])
def test_answers_in_the_conversation_of_a_call_are_not_cached(
    cached: Make, emulator: Emulator, call: Callable[..., Any]
) -> None:
    given: Any = {"conversation_id": CozeClient(emulator.token, base_url=emulator.url).conversations.create().id}
    assert call(cached(), "Hi", **given).text == call(cached().bind(**given), "Hi").text == "Hi"
    assert emulator.chats_started == 2
    assert call(cached(), "Hi").text == call(cached(), "Hi").text
    assert emulator.chats_started == 3


@pytest.mark.parametrize("call", [invoke, ainvoke])
def test_a_call_in_a_conversation_finds_its_waiting_chat(
    cached: Make, emulator: Emulator, call: Callable[..., Any]
) -> None:
    given: Any = {"conversation_id": CozeClient(emulator.token, base_url=emulator.url).conversations.create().id}
    for _ in range(2):
        asked = call(cached("plugins"), QUESTION["messages"], **given)
        output = ToolMessage("14 C", tool_call_id=asked.tool_calls[0]["id"])
        answer = call(cached("plugins"), [*QUESTION["messages"], asked, output], **given)
        assert answer.text == "get_weather says: 14 C."
    assert len(emulator.calls_to("/v3/chat/submit_tool_outputs")) == emulator.chats_started == 2


def test_equal_models_without_a_user_share_a_cache(emulator: Emulator) -> None:
    options: Any = {"bot_id": emulator.bots["echo"], "token": emulator.token, "base_url": emulator.url}
    cache = InMemoryCache()
    for _ in range(2):
        ChatCoze(**options, cache=cache).invoke("Hi")
    assert emulator.chats_started == 1
    for user in ("ada", "bert"):
        ChatCoze(**options, cache=cache, user_id=user).invoke("Hi")
        asyncio.run(ChatCoze(**options, cache=cache, user_id=user).ainvoke("Hi"))
    assert emulator.chats_started == 3


OPTIONS: list[dict[str, Any]] = [
    {},
    {"base_url": "http://another"},
    {"bot_id": "2"},
    {"user_id": "ada"},
    {"user_id": "bert"},
    {"stop": ["."]},
    {"trim": True},
    {"system_variable": "rules"},
    {"custom_variables": {"mood": "good"}},
    {"parameters": {"mood": "good"}},
    {"extra_params": {"latitude": "47"}},
    {"publish_status": "unpublished_draft"},
    {"bot_version": "2"},
    {"connector_id": "3"},
    {"enable_card": True},
    {"shortcut_command": {"command_id": "4"}},
    {"workflow_id": "5"},
]


def test_models_that_answer_differently_share_no_cached_answer() -> None:
    models = [ChatCoze(**{"bot_id": "1", "token": "t", "base_url": "http://coze", **given}) for given in OPTIONS]
    assert len({each._get_llm_string() for each in models}) == len(OPTIONS)


def test_bots_of_one_id_on_two_servers_share_no_cached_answer() -> None:
    cache = InMemoryCache()
    with Emulator() as here, Emulator() as there:
        for server in (here, there):
            options: Any = {"bot_id": here.bots["echo"], "token": server.token, "base_url": server.url}
            ChatCoze(**options, cache=cache).invoke("Hi")
        assert here.bots["echo"] == there.bots["echo"]
        assert (here.chats_started, there.chats_started) == (1, 1)
