"""A question whose answer was cancelled or failed stands in the conversation: it is not sent a second time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing, closing, suppress
from functools import partial
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.tools import StructuredTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

from coze_client import CozeClient, CozeError
from coze_client.bridge.chat.schema_prompt import schema_prompt
from coze_client.emulator import Emulator
from langchain_coze import ChatCoze
from llama_index_coze import CozeLLM


def sent(emulator: Emulator, path: str = "/v3/chat") -> list[list[str]]:
    """The texts of the messages that each chat got."""
    bodies: list[Any] = [call.body for call in emulator.calls_to(path)]
    return [[message["content"] for message in body["additional_messages"]] for body in bodies]


class Asker:
    """A model on one conversation; the framework passes it the whole dialogue with every call."""

    def __init__(self, emulator: Emulator, **settings: Any) -> None:
        conversation = CozeClient(emulator.token, base_url=emulator.url).conversations.create()
        self.options = {
            "token": emulator.token,
            "base_url": emulator.url,
            "user_id": "ada",
            "conversation_id": conversation.id,
            **settings,
        }

    def leave(self, bot_id: str, questions: Iterable[str]) -> None:
        """Read the first piece of the answer, then close the stream."""
        raise NotImplementedError

    def ask(self, bot_id: str, questions: Iterable[str]) -> str:
        raise NotImplementedError


class LangChain(Asker):
    def _model(self, bot_id: str) -> Any:
        return ChatCoze(bot_id=bot_id, **self.options)

    def leave(self, bot_id: str, questions: Iterable[str]) -> None:
        with closing(self._model(bot_id).stream(list(map(HumanMessage, questions)))) as stream:
            next(stream)

    def ask(self, bot_id: str, questions: Iterable[str]) -> str:
        return str(self._model(bot_id).invoke(list(map(HumanMessage, questions))).text)


class LangChainOnAsyncio(LangChain):
    def leave(self, bot_id: str, questions: Iterable[str]) -> None:
        async def leave() -> None:
            async with aclosing(self._model(bot_id).astream(list(map(HumanMessage, questions)))) as stream:
                await anext(stream)

        asyncio.run(leave())

    def ask(self, bot_id: str, questions: Iterable[str]) -> str:
        return str(asyncio.run(self._model(bot_id).ainvoke(list(map(HumanMessage, questions)))).text)


class LlamaIndex(Asker):
    def _llm(self, bot_id: str) -> CozeLLM:
        return CozeLLM(bot_id=bot_id, **self.options)

    def leave(self, bot_id: str, questions: Iterable[str]) -> None:
        stream: Any = self._llm(bot_id).stream_chat(list(map(ChatMessage, questions)))
        next(stream)
        stream.close()

    def ask(self, bot_id: str, questions: Iterable[str]) -> str:
        return str(self._llm(bot_id).chat(list(map(ChatMessage, questions))).message.content)


ASKERS = [LangChain, LangChainOnAsyncio, LlamaIndex]
NewAsker = Callable[..., Asker]


@pytest.fixture(params=ASKERS, ids=lambda kind: kind.__name__)
def new_asker(request: pytest.FixtureRequest) -> NewAsker:
    kind: NewAsker = request.param
    return kind


class Trip(BaseModel):
    """A journey."""

    city: str


def plain(asker: Asker, bot_id: str, questions: Sequence[str]) -> object:
    return asker.ask(bot_id, questions)


def by_output(asker: Asker, bot_id: str, questions: Sequence[str]) -> object:
    model = ChatCoze(bot_id=bot_id, **asker.options).with_structured_output(Trip, repairs=0)
    return model.invoke(list(map(HumanMessage, questions)))


def by_output_for_blocks(asker: Asker, bot_id: str, questions: Sequence[str]) -> object:
    model = ChatCoze(bot_id=bot_id, **asker.options).with_structured_output(Trip, repairs=0)
    return model.invoke([HumanMessage([{"type": "text", "text": each}]) for each in questions])


def by_format(asker: Asker, bot_id: str, questions: Sequence[str]) -> object:
    model = ChatCoze(bot_id=bot_id, **asker.options).bind_tools([], response_format=Trip)
    return model.invoke([SystemMessage("Be brief"), *map(HumanMessage, questions)])


def by_strategy(asker: Asker, bot_id: str, questions: Sequence[str]) -> object:
    schema = StructuredTool(name="Trip", description="A journey.", args_schema=Trip.model_json_schema())
    model = ChatCoze(bot_id=bot_id, **asker.options).bind_tools([schema], tool_choice="any")
    return asyncio.run(model.ainvoke(list(map(HumanMessage, questions))))


def by_prediction(asker: Asker, bot_id: str, questions: Sequence[str]) -> object:
    llm = CozeLLM(bot_id=bot_id, repairs=0, **asker.options).as_structured_llm(Trip)
    return llm.chat(list(map(ChatMessage, questions)))


def by_forced_tool(asker: Asker, bot_id: str, questions: Sequence[str], tools: int = 1) -> object:
    llm = CozeLLM(bot_id=bot_id, repairs=0, client_plugins=True, **asker.options)
    given = [FunctionTool.from_defaults(Trip, name=f"trip{number}", description="Plans.") for number in range(tools)]
    return llm.chat_with_tools(given, chat_history=list(map(ChatMessage, questions)), tool_required=True)


STRUCTURED: list[Callable[[Asker, str, Sequence[str]], object]] = [
    by_output,
    by_output_for_blocks,
    by_format,
    by_strategy,
    by_prediction,
    by_forced_tool,
    partial(by_forced_tool, tools=2),
]


@pytest.mark.parametrize("ask", STRUCTURED)
@pytest.mark.parametrize("then", ["the same", "plain"])
def test_a_question_with_a_schema_that_failed_is_not_sent_twice(
    emulator: Emulator, ask: Callable[[Asker, str, Sequence[str]], object], then: str
) -> None:
    asker = LangChain(emulator)
    with pytest.raises(CozeError):
        ask(asker, emulator.bots["failing"], ["One?"])
    asks_on = plain if then == "plain" else ask
    with suppress(ValueError):  # the echo of a question is no JSON
        asks_on(asker, emulator.bots["echo"], ["One?", "Two?"])
    assert len(sent(emulator)[0]) == len(sent(emulator)[1]) == 1
    assert "Two?" in sent(emulator)[1][0]
    assert "One?" not in sent(emulator)[1][0]


def test_a_schema_that_was_asked_for_alone_hides_no_question_before_it(emulator: Emulator) -> None:
    asker = LangChain(emulator)
    for questions in (["One?"], ["One?", "Two?"]):
        with pytest.raises(CozeError):
            asker.ask(emulator.bots["failing"], questions)
    client = CozeClient(emulator.token, base_url=emulator.url)
    content = schema_prompt(Trip.model_json_schema())
    client.conversations.messages.create(conversation_id=asker.options["conversation_id"], role="user", content=content)
    asker.ask(emulator.bots["echo"], ["One?", "Two?", "Three?"])
    assert sent(emulator)[-1] == ["Three?"]


@pytest.mark.parametrize("dialect", ["cloud", "studio"])
def test_a_cancelled_question_is_not_sent_twice(new_asker: NewAsker, dialect: Any) -> None:
    with Emulator(dialect) as emulator:
        asker = new_asker(emulator)
        asker.leave(emulator.bots["slow"], ["One?"])
        assert asker.ask(emulator.bots["echo"], ["One?", "Two?"]) == "Two?"
        assert sent(emulator) == [["One?"], ["Two?"]]


def test_a_failed_question_is_not_sent_twice(new_asker: NewAsker, emulator: Emulator) -> None:
    asker = new_asker(emulator)
    with pytest.raises(CozeError):
        asker.ask(emulator.bots["failing"], ["One?"])
    asker.ask(emulator.bots["echo"], ["One?", "Two?"])
    assert sent(emulator)[1:] == [["Two?"]]


def test_a_question_that_never_arrived_is_sent(new_asker: NewAsker, emulator: Emulator) -> None:
    asker = new_asker(emulator)
    asker.ask(emulator.bots["echo"], ["One?", "Two?"])
    assert sent(emulator) == [["One?", "Two?"]]


def test_a_chatflow_gets_a_cancelled_question_once(new_asker: NewAsker, emulator: Emulator) -> None:
    def talk(question: str) -> Any:
        return f"You said: {question}"

    flow = emulator.workflow(chatflow=True)(talk)
    asker = new_asker(emulator, workflow_id=flow.id)
    asker.leave(emulator.bots["echo"], ["One?"])
    asker.ask(emulator.bots["echo"], ["One?", "Two?"])
    assert sent(emulator, "/v1/workflows/chat") == [["One?"], ["Two?"]]


def test_a_token_that_may_not_list_messages_sends_everything(
    new_asker: NewAsker, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    asker = new_asker(emulator, token=emulator.issue_token({"chat", "cancelChat", "getChat"}))
    asker.leave(emulator.bots["slow"], ["One?"])
    with caplog.at_level(logging.WARNING, "coze_client"):
        asker.ask(emulator.bots["echo"], ["One?", "Two?"])
    assert sent(emulator)[1:] == [["One?", "Two?"]]
    assert "may be sent a second time" in caplog.text


def test_only_a_dialogue_with_an_unanswered_question_costs_another_request(
    new_asker: NewAsker, emulator: Emulator
) -> None:
    asker = new_asker(emulator)
    asker.ask(emulator.bots["echo"], ["One?"])
    assert not emulator.calls_to("/v1/conversation/message/list")


async def test_a_graph_with_a_checkpointer_sends_a_cancelled_question_once(emulator: Emulator) -> None:
    conversation = CozeClient(emulator.token, base_url=emulator.url).conversations.create()
    bot = {"id": emulator.bots["slow"]}

    async def node(state: MessagesState) -> dict[str, list[AIMessage]]:
        options: dict[str, Any] = {"token": emulator.token, "base_url": emulator.url}
        model = ChatCoze(bot_id=bot["id"], conversation_id=conversation.id, user_id="ada", **options)
        return {"messages": [await model.ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState).add_node("bot", node).add_edge(START, "bot").compile(InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "1"}}
    began = asyncio.Event()

    async def read() -> None:
        question = MessagesState(messages=[HumanMessage("One?")])
        async for _ in graph.astream(question, thread, stream_mode="messages"):
            began.set()

    reading = asyncio.create_task(read())
    await began.wait()
    reading.cancel()
    await asyncio.wait([reading])
    bot["id"] = emulator.bots["echo"]
    state = await graph.ainvoke(MessagesState(messages=[HumanMessage("Two?")]), thread)
    assert [message.text for message in state["messages"]] == ["One?", "Two?", "Two?"]
    assert sent(emulator) == [["One?"], ["Two?"]]
