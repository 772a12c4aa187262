"""Client plugins: the bot calls, LangChain's tools answer, the same chat continues."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from coze_client import ConfigurationError
from coze_client.emulator import Emulator, faults
from coze_client.emulator.scripts import Answer, AskClient, Item, Turn
from langchain_coze import ChatCoze, CozeConfigurationError
from tests.support.langchain_calls import Ask

Make = Callable[..., ChatCoze]
QUESTION = "Tell me the weather and time in Chur"


@tool
def get_weather(city: str) -> str:
    """The weather in a city now."""
    return f"snow in {city}"


@tool
def get_time(timezone: str) -> str:
    """The time in a time zone now."""
    return f"noon in {timezone}"


def answered(call: Any) -> ToolMessage:
    return ToolMessage(f"{call['name']} done", tool_call_id=call["id"])


def test_the_bots_calls_are_tool_calls(model: Make, ask: Ask) -> None:
    answer = ask(model("plugins").bind_tools([get_weather, get_time]), QUESTION)
    assert [(call["name"], call["args"]) for call in answer.tool_calls] == [
        ("get_weather", {"city": "Chur"}),
        ("get_time", {"timezone": "Europe/Chur"}),
    ]
    assert not answer.invalid_tool_calls
    assert answer.response_metadata["finish_reason"] == "tool_calls"
    assert [block["type"] for block in answer.content_blocks] == ["tool_call", "tool_call"]


def test_outputs_go_to_the_same_chat_which_streams_on(model: Make, emulator: Emulator, ask: Ask) -> None:
    asked = ask(model("plugins"), QUESTION)
    outputs = [answered(call) for call in reversed(asked.tool_calls)]
    answer = ask(model("plugins"), [HumanMessage(QUESTION), asked, *outputs])
    assert answer.content == "get_weather says: get_weather done. get_time says: get_time done."
    assert answer.response_metadata["chat_id"] == asked.response_metadata["chat_id"]
    assert answer.response_metadata["status"] == "completed"
    assert answer.id != asked.id
    assert emulator.chats_started == 1


def test_a_chat_may_ask_again_and_again(model: Make, emulator: Emulator, ask: Ask) -> None:
    def curious(turn: Turn) -> Iterator[Item]:
        if len(turn.outputs) < 3:
            yield Answer(f"Step {len(turn.outputs)}. ")
            yield AskClient((("get_time", {"timezone": str(len(turn.outputs))}),))
        else:
            yield Answer("Now I know.")

    bot = model("curious") if emulator.add_bot("curious", curious) else model()
    messages: list[Any] = [HumanMessage("Well?")]
    for _ in range(3):
        asked = ask(bot, messages)
        messages += [asked, *map(answered, asked.tool_calls)]
    emulator.inject(faults.CutAfterEvents(3), path="/v3/chat/submit_tool_outputs")
    answer = ask(bot, messages)
    assert answer.content == "Now I know."
    assert [message.content for message in messages if isinstance(message, AIMessage)] == [
        "Step 0. ",
        "Step 1. ",
        "Step 2. ",
    ]
    assert emulator.chats_started == 1


def test_a_missing_output_is_named(model: Make, emulator: Emulator, ask: Ask) -> None:
    asked = ask(model("plugins"), QUESTION)
    with pytest.raises(CozeConfigurationError, match="get_time"):
        ask(model("plugins"), [HumanMessage(QUESTION), asked, answered(asked.tool_calls[0])])
    assert not emulator.calls_to("/v3/chat/submit_tool_outputs")


def test_a_call_to_a_tool_that_is_not_bound_names_both_sides(model: Make, ask: Ask) -> None:
    with pytest.raises(ConfigurationError, match=r"called get_weather.*given tools are get_time"):
        ask(model("plugins").bind_tools([get_time]), "The weather in Chur?")


class Schema(BaseModel):
    """A tool by its arguments."""

    city: str


def plain(city: str) -> str:
    """A plain function.

    Args:
        city: Where.
    """
    return city


ANY_TOOL: list[Any] = [
    get_weather,
    Schema,
    plain,
    {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}},
    {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}},
    {"type": "web_search"},
]


@pytest.mark.parametrize("any_tool", ANY_TOOL)
@pytest.mark.parametrize("choice", [None, "any", "auto", "f"])
def test_every_kind_of_tool_can_be_bound_and_nothing_of_it_is_sent(
    model: Make, emulator: Emulator, any_tool: Any, choice: str | None
) -> None:
    bound = model().bind_tools([any_tool], tool_choice=choice, strict=True, parallel_tool_calls=False)
    assert bound.invoke("Hi").content == "Hi"
    sent: Any = emulator.calls[-1].body
    assert not {"tools", "tool_choice", "strict"} & sent.keys()


@pytest.mark.parametrize("tools", [[get_weather, get_time], []], ids=["tools", "none"])
def test_an_agent_of_langchain_runs(model: Make, emulator: Emulator, tools: list[Any]) -> None:
    agent: Any = create_agent(model("plugins", system_variable="rules"), tools, system_prompt="Be brief.")
    messages = agent.invoke({"messages": [HumanMessage(QUESTION if tools else "Hello")]})["messages"]
    asked = "get_weather says: snow in Chur. get_time says: noon in Europe/Chur."
    assert messages[-1].content == (asked if tools else "Ask me about the weather or the time.")
    assert emulator.chats_started == 1


def test_an_agent_runs_on_asyncio_and_streams_its_words(model: Make, emulator: Emulator) -> None:
    agent: Any = create_agent(model("plugins"), [get_weather, get_time])

    async def words() -> list[str]:
        given = {"messages": [HumanMessage("Tell me the weather in Chur and Bern")]}
        return [part.text async for part, _ in agent.astream(given, stream_mode="messages") if part.type != "tool"]

    streamed = asyncio.run(words())
    assert "".join(streamed) == "get_weather says: snow in Chur. get_weather says: snow in Bern."
    # https://reference.langchain.com/python/langgraph/config/get_stream_writer: 3.10 loses what a node is run with
    assert len(streamed) > 5 or sys.version_info < (3, 11)
    assert emulator.chats_started == 1


def test_an_agent_with_memory_goes_on_after_its_tools(model: Make, emulator: Emulator) -> None:
    from langgraph.checkpoint.memory import InMemorySaver

    agent: Any = create_agent(model("plugins"), [get_weather, get_time], checkpointer=InMemorySaver())
    thread = {"configurable": {"thread_id": "1"}}
    for _ in range(2):
        ended = agent.invoke({"messages": [HumanMessage("Tell me the weather in Chur")]}, thread)
        assert ended["messages"][-1].content == "get_weather says: snow in Chur."
    assert emulator.chats_started == 2


def test_tools_are_an_error_for_a_chatflow(emulator: Emulator, ask: Ask) -> None:
    model = ChatCoze(workflow_id="1", app_id="77", token=emulator.token, base_url=emulator.url)
    with pytest.raises(ConfigurationError, match="get_weather"):
        ask(model.bind_tools([get_weather]), "Hi")
    assert emulator.calls == []
