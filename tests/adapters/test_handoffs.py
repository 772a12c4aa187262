"""Several bots in one graph: each model asks its own bot, whatever the others' chats wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent

from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer, AskClient
from langchain_coze import ChatCoze
from llama_index_coze import CozeLLM

SCHEMA = {"description": "d", "parameters": {"type": "object", "properties": {}}}


@pytest.fixture
def bots(emulator: Emulator) -> Emulator:
    """An emulator with Alice, who hands over to Bob, and Bob."""
    handoff = {"to_agent": "bob", "reason": "r"}
    emulator.add_bot(
        "alice", lambda turn: [Answer("I am Alice")] if turn.outputs else [AskClient((("handoff", handoff),))]
    )
    emulator.declare_plugins(emulator.bots["alice"], [{"name": "handoff", **SCHEMA}])
    emulator.add_bot("bob", lambda turn: [Answer("I am Bob")])
    return emulator


def langchain(bots: Emulator, name: str, **options: Any) -> ChatCoze:
    return ChatCoze(bot_id=bots.bots[name], token=bots.token, base_url=bots.url, **options)


def test_outputs_for_one_bot_are_told_to_another_as_words(bots: Emulator) -> None:
    question = HumanMessage("I want Bob")
    call = langchain(bots, "alice").invoke([question])
    output = ToolMessage("transferred", tool_call_id=call.tool_calls[0]["id"], name="handoff")
    answer = langchain(bots, "bob").invoke([question, call, output])
    assert answer.text == "I am Bob"
    assert answer.response_metadata["bot_id"] == bots.bots["bob"]
    assert not bots.calls_to("/v3/chat/submit_tool_outputs")
    assert langchain(bots, "alice").invoke([question, call, output]).text == "I am Alice"


@pytest.mark.parametrize(("user", "submitted"), [("ada", 1), ("bert", 0)])
def test_only_the_same_user_goes_on_with_a_waiting_chat(bots: Emulator, user: str, submitted: int) -> None:
    question = HumanMessage("I want Bob")
    call = langchain(bots, "alice", user_id="ada").invoke([question])
    output = ToolMessage("transferred", tool_call_id=call.tool_calls[0]["id"], name="handoff")
    langchain(bots, "alice", user_id=user).invoke([question, call, output])
    assert len(bots.calls_to("/v3/chat/submit_tool_outputs")) == submitted


def test_an_agent_workflow_hands_over(bots: Emulator) -> None:
    def get_weather(city: str) -> str:
        """The weather."""
        return "sunny"

    def agent(name: str, **options: Any) -> FunctionAgent:
        llm = CozeLLM(bot_id=bots.bots[name], client_plugins=True, token=bots.token, base_url=bots.url)
        return FunctionAgent(name=name, description=name, llm=llm, tools=[get_weather], **options)

    async def run() -> str:
        agents: list[Any] = [agent("alice", can_handoff_to=["bob"]), agent("bob")]
        return str(await AgentWorkflow(agents=agents, root_agent="alice").run("I want Bob"))

    assert asyncio.run(run()) == "I am Bob"


def ask_langchain(bots: Emulator, **options: Any) -> str:
    messages = [HumanMessage("A poem"), AIMessage("Roses are red", name="writer")]
    return langchain(bots, "bob", **options).invoke(messages).text


def ask_llama_index(bots: Emulator, **options: Any) -> str:
    from llama_index.core.llms import ChatMessage

    llm = CozeLLM(bot_id=bots.bots["bob"], token=bots.token, base_url=bots.url, **options)
    return str(llm.chat([ChatMessage("A poem"), ChatMessage("Roses are red", role="assistant")]).message.content)


@pytest.mark.parametrize("ask", [ask_langchain, ask_llama_index])
@pytest.mark.parametrize(("options", "asked"), [({}, "Continue."), ({"continue_question": "Go on"}, "Go on")])
def test_a_history_that_ends_with_an_answer_is_continued(
    bots: Emulator, ask: Callable[..., str], options: dict[str, Any], asked: str
) -> None:
    assert ask(bots, **options) == "I am Bob"
    body: Any = bots.calls_to("/v3/chat")[-1].body
    assert [message["content"] for message in body["additional_messages"]] == ["A poem", "Roses are red", asked]
