"""Client plugins as LlamaIndex's tools: the bot calls, the tools of the client answer, the same chat continues."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.agent.workflow import AgentStream, AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.tools import BaseTool, FunctionTool

from coze_client import ConfigurationError
from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer, Turn
from tests.support.llama_index_calls import Ask, Make, dialogue


def get_weather(city: str) -> str:
    """The weather in a city now."""
    return f"rain over {city}"


def get_time(timezone: str) -> str:
    """The time in a time zone now."""
    return f"noon in {timezone}"


TOOLS: list[BaseTool] = [FunctionTool.from_defaults(get_weather), FunctionTool.from_defaults(get_time)]
FUNCTIONS: list[BaseTool | Callable[..., Any]] = [*TOOLS]


def outputs(message: ChatMessage, *texts: str) -> list[ChatMessage]:
    """Tool messages that answer the calls of `message` in order."""
    calls = [block for block in message.blocks if isinstance(block, ToolCallBlock)]
    return [
        ChatMessage(role="tool", content=text, additional_kwargs={"tool_call_id": call.tool_call_id})
        for call, text in zip(calls, texts, strict=True)
    ]


def test_a_waiting_chat_is_answered_and_goes_on(llm: Make, emulator: Emulator, ask: Ask) -> None:
    model = llm("plugins", client_plugins=True)
    asked = ask(model, "How is the weather in Chur and Bern?")
    calls = model.get_tool_calls_from_response(asked)
    assert [(call.tool_name, call.tool_kwargs) for call in calls] == [
        ("get_weather", {"city": "Chur"}),
        ("get_weather", {"city": "Bern"}),
    ]
    history = [*dialogue("How is the weather in Chur and Bern?"), asked.message]
    answer = ask(model, [*history, *outputs(asked.message, "sun", "fog")])
    assert answer.message.content == "get_weather says: sun. get_weather says: fog."
    assert answer.message.additional_kwargs["chat_id"] == asked.message.additional_kwargs["chat_id"]
    assert emulator.chats_started == 1


def test_an_output_that_is_missing_is_an_error_before_anything_is_sent(llm: Make, emulator: Emulator, ask: Ask) -> None:
    model = llm("plugins", client_plugins=True)
    asked = ask(model, "How is the weather in Chur and Bern?")
    first = ChatMessage(
        role="assistant", blocks=asked.message.blocks, additional_kwargs=asked.message.additional_kwargs
    )
    with pytest.raises(ConfigurationError, match="no output of get_weather"):
        ask(model, [*dialogue("…"), first, outputs(asked.message, "sun", "fog")[0]])
    assert len(emulator.calls) == 1


def test_a_dialogue_goes_on_after_tools(llm: Make, ask: Ask) -> None:
    model = llm("plugins", client_plugins=True)
    history = dialogue("The time in Chur?")
    history.append(ask(model, history).message)
    history += outputs(history[-1], "noon")
    history.append(ask(model, history).message)
    answer = ask(model, [*history, *dialogue("Thanks")])
    assert answer.message.content == "Ask me about the weather or the time."


@pytest.mark.parametrize("streaming", [True, False])
def test_a_function_agent_runs_the_bots_client_plugins(llm: Make, emulator: Emulator, streaming: bool) -> None:
    async def run() -> Any:
        agent = FunctionAgent(tools=FUNCTIONS, llm=llm("plugins", client_plugins=True), streaming=streaming)
        return await agent.run("So the weather and time in Chur?")

    output = asyncio.run(run())
    assert str(output) == "get_weather says: rain over Chur. get_time says: noon in Europe/Chur."
    assert len(output.tool_calls) == 2
    assert emulator.chats_started == 1


def test_a_function_agent_streams_answers_and_thoughts(llm: Make) -> None:
    async def run() -> list[AgentStream]:
        handler = FunctionAgent(llm=llm("reasoner", client_plugins=True)).run("Is 7 prime?")
        return [event async for event in handler.stream_events() if isinstance(event, AgentStream)]

    events = asyncio.run(run())
    assert "".join(event.delta for event in events) == events[-1].response == "After some thought: Is 7 prime?"
    assert "".join(event.thinking_delta or "" for event in events).endswith("Done thinking.")


def test_an_agent_remembers_over_its_runs(llm: Make) -> None:
    async def run() -> str:
        agent = FunctionAgent(tools=FUNCTIONS, llm=llm("assistant", client_plugins=True))
        memory = ChatMemoryBuffer.from_defaults()
        await agent.run("My name is Ann", memory=memory)
        return str(await agent.run("What is my name?", memory=memory))

    assert asyncio.run(run()) == "Your name is Ann."


def test_a_plain_bot_acts_in_a_react_agent(llm: Make, emulator: Emulator) -> None:
    def reacting(turn: Turn) -> list[Answer]:
        if "Observation: rain over Chur" in turn.question:
            return [Answer("Thought: I can answer without using any more tools.\nAnswer: Take an umbrella.")]
        return [Answer('Thought: I need a tool.\nAction: get_weather\nAction Input: {"city": "Chur"}')]

    emulator.add_bot("reacting", reacting)

    async def run() -> str:
        return str(await ReActAgent(tools=FUNCTIONS, llm=llm("reacting")).run("What shall I take to Chur?"))

    assert asyncio.run(run()) == "Take an umbrella."


@pytest.mark.parametrize(("client_plugins", "kind"), [(False, ReActAgent), (True, FunctionAgent)])
def test_client_plugins_decide_which_agent_a_workflow_takes(llm: Make, client_plugins: bool, kind: type) -> None:
    workflow = AgentWorkflow.from_tools_or_functions(FUNCTIONS, llm=llm(client_plugins=client_plugins))
    assert [type(agent) for agent in workflow.agents.values()] == [kind]


def test_a_call_to_a_tool_that_was_not_offered_names_both_sides(llm: Make) -> None:
    model = llm("plugins", client_plugins=True)
    with pytest.raises(ConfigurationError, match=r"called get_weather, but the given tools are get_time"):
        model.chat_with_tools(TOOLS[1:], "How is the weather in Chur?")
    with pytest.raises(ConfigurationError, match=r"called get_weather, but the given tools are none"):
        list(model.stream_chat_with_tools([], "How is the weather in Chur?"))


def test_preparing_tools_leaves_the_callers_history_alone(llm: Make) -> None:
    history = dialogue("My name is Ann", "Nice to meet you, Ann.", "So")
    model = llm("assistant", client_plugins=True)
    response = model.chat_with_tools(TOOLS, ChatMessage(content="what is my name?"), history)
    assert len(history) == 3
    assert response.message.content is not None
    with pytest.raises(ValueError, match="called no tool"):
        model.get_tool_calls_from_response(response)


def test_predict_and_call_gives_the_tools_output(llm: Make) -> None:
    model = llm("plugins", client_plugins=True)
    assert str(model.predict_and_call(TOOLS, "How is the weather in Chur?")) == "rain over Chur"
    assert str(asyncio.run(model.apredict_and_call(TOOLS, "How is the weather in Bern?"))) == "rain over Bern"
