"""Forced tools: the frameworks' programs, selectors and router engines work with a bot, which nobody can force."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core import SummaryIndex
from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.core.program import FunctionCallingProgram
from llama_index.core.prompts import PromptTemplate
from llama_index.core.query_engine import RouterQueryEngine
from llama_index.core.schema import Document
from llama_index.core.selectors import LLMSingleSelector, PydanticMultiSelector, PydanticSingleSelector
from llama_index.core.tools import FunctionTool, QueryEngineTool, ToolMetadata
from pydantic import BaseModel

from coze_client import ConfigurationError
from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer
from llama_index_coze import CozeLLM
from tests.support.llama_index_calls import Make, chat_body

CHOICES = [ToolMetadata(description="About cats", name="cats"), ToolMetadata(description="About dogs", name="dogs")]


class Street(BaseModel):
    """A street."""

    name: str


class Address(BaseModel):
    """Where somebody lives."""

    street: Street
    number: int


def lookup(city: str) -> str:
    """The weather in a city."""
    return f"sun in {city}"


def count(number: int) -> str:
    """Counts to a number."""
    return f"counted to {number}"


TOOLS = [FunctionTool.from_defaults(lookup), FunctionTool.from_defaults(count)]


def with_tools(llm: CozeLLM, **options: Any) -> Any:
    return llm.chat_with_tools(TOOLS, "I live in 'Chur' at 7", **options)


def awith_tools(llm: CozeLLM, **options: Any) -> Any:
    return asyncio.run(llm.achat_with_tools(TOOLS, "I live in 'Chur' at 7", **options))


def stream_with_tools(llm: CozeLLM, **options: Any) -> Any:
    return list(llm.stream_chat_with_tools(TOOLS, "I live in 'Chur' at 7", **options))[-1]


def astream_with_tools(llm: CozeLLM, **options: Any) -> Any:
    async def last() -> Any:
        stream = await llm.astream_chat_with_tools(TOOLS, "I live in 'Chur' at 7", **options)
        return [response async for response in stream][-1]

    return asyncio.run(last())


Call = Callable[..., Any]
WAYS = [with_tools, awith_tools, stream_with_tools, astream_with_tools]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def call(request: pytest.FixtureRequest) -> Call:
    """Each way to chat with tools."""
    way: Call = request.param
    return way


def calls(response: Any) -> list[tuple[str, Any]]:
    return [(each.tool_name, each.tool_kwargs) for each in response.message.blocks if isinstance(each, ToolCallBlock)]


@pytest.fixture
def scripted(emulator: Emulator) -> Callable[..., CozeLLM]:
    """Makes an LLM of a bot that gives these answers, one a chat."""

    def make(*answers: str, **options: Any) -> CozeLLM:
        left = iter(answers)
        bot = emulator.add_bot("scripted", lambda turn: [Answer(next(left))])
        return CozeLLM(
            bot_id=bot, token=emulator.token, base_url=emulator.url, client_plugins=True, user_id="u1", **options
        )

    return make


@pytest.mark.parametrize(
    "choice", ["lookup", {"type": "function", "function": {"name": "lookup"}}, {"name": "lookup"}], ids=type
)
def test_a_tool_that_is_chosen_by_name_is_called(llm: Make, call: Call, choice: Any) -> None:
    assert calls(call(llm("assistant", client_plugins=True), tool_choice=choice)) == [("lookup", {"city": "Chur"})]


@pytest.mark.parametrize(
    "force", [{"tool_required": True}, {"tool_choice": "any"}, {"tool_choice": "required"}], ids=str
)
def test_a_bot_chooses_among_forced_tools(scripted: Callable[..., CozeLLM], call: Call, force: Any) -> None:
    answer = json.dumps({"tool": "count", "arguments": {"number": 7}})
    assert calls(call(scripted(f"Sure:\n```json\n{answer}\n```"), **force)) == [("count", {"number": 7})]


def test_several_calls_are_a_list(scripted: Callable[..., CozeLLM], call: Call) -> None:
    both = [{"tool": "count", "arguments": {"number": 1}}, {"tool": "lookup", "arguments": {"city": "Chur"}}]
    response = call(scripted(json.dumps(both)), tool_required=True, allow_parallel_tool_calls=True)
    assert calls(response) == [("count", {"number": 1}), ("lookup", {"city": "Chur"})]


@pytest.mark.parametrize("bad", ["[]", '{"tool": "count", "arguments": {"number": 1}}', "[[]]"])
def test_several_calls_are_at_least_one(scripted: Callable[..., CozeLLM], emulator: Emulator, bad: str) -> None:
    good = '[{"tool": "count", "arguments": {"number": 1}}]'
    response = with_tools(scripted(bad, good), tool_required=True, allow_parallel_tool_calls=True)
    assert (calls(response), emulator.chats_started) == ([("count", {"number": 1})], 2)


BAD = ["no", "{}", '{"tool": "other", "arguments": {}}', '{"tool": "count", "arguments": {"number": "x"}}', "[]", "3"]


@pytest.mark.parametrize("bad", BAD)
def test_an_invalid_call_is_repaired_once_and_then_an_error(
    scripted: Callable[..., CozeLLM], emulator: Emulator, bad: str
) -> None:
    good = '{"tool": "count", "arguments": {"number": 1}}'
    assert calls(with_tools(scripted(bad, good), tool_required=True)) == [("count", {"number": 1})]
    assert emulator.chats_started == 2
    with pytest.raises(ValueError, match=r"."):
        with_tools(scripted(bad, bad), tool_required=True)
    with pytest.raises(ValueError, match=r"."):
        with_tools(scripted(bad, repairs=0), tool_required=True)


@pytest.mark.parametrize("free", [{}, {"tool_choice": "auto"}, {"tool_choice": None}], ids=str)
def test_a_free_bot_is_asked_only_the_question(llm: Make, emulator: Emulator, call: Call, free: Any) -> None:
    assert call(llm(client_plugins=True), **free).message.content == "I live in 'Chur' at 7"
    assert chat_body(emulator)["additional_messages"][0]["content"] == "I live in 'Chur' at 7"


def test_a_choice_of_an_unknown_tool_is_refused(llm: Make, emulator: Emulator, call: Call) -> None:
    with pytest.raises(ConfigurationError, match="tool_choice names other"):
        call(llm(client_plugins=True), tool_choice="other")
    assert not emulator.calls


def test_a_function_calling_program_returns_its_model(llm: Make) -> None:
    program = FunctionCallingProgram.from_defaults(
        Address, "I live in '{street}' at 7", llm=llm("assistant", client_plugins=True)
    )
    expected = Address(street=Street(name="Rosenweg"), number=7)
    assert program(street="Rosenweg") == expected
    assert asyncio.run(program.acall(street="Rosenweg")) == expected


@pytest.mark.parametrize("client_plugins", [True, False])
def test_a_program_streams_its_model_whole(llm: Make, emulator: Emulator, client_plugins: bool) -> None:
    program = FunctionCallingProgram(
        Address, llm("assistant", client_plugins=client_plugins), PromptTemplate("I live in '{street}' at 7")
    )

    async def stream() -> list[Any]:
        return [each async for each in await program.astream_call(street="Rosenweg")]

    expected = {"street": {"name": "Rosenweg"}, "number": 7}
    streamed = [list(program.stream_call(street="Rosenweg")), asyncio.run(stream())]
    assert [[each.model_dump() for each in objects] for objects in streamed] == [[expected], [expected]]
    assert emulator.chats_started == 2


def test_a_tool_of_the_user_that_returns_a_model_is_not_forced(llm: Make, emulator: Emulator) -> None:
    def schema_like(**given: Any) -> Street:
        return Street(**given)

    model = llm("assistant", client_plugins=True)
    tool = FunctionTool.from_defaults(schema_like, name="Street", description="A street.", fn_schema=Street)
    model.chat_with_tools([tool], "Hi")
    assert chat_body(emulator)["additional_messages"][0]["content"] == "Hi"


@pytest.mark.parametrize("client_plugins", [True, False])
@pytest.mark.parametrize("selector", [PydanticSingleSelector, PydanticMultiSelector, LLMSingleSelector])
def test_a_selector_chooses(
    scripted: Callable[..., CozeLLM], emulator: Emulator, selector: Any, client_plugins: bool
) -> None:
    if selector is not LLMSingleSelector and not client_plugins:
        pytest.skip("LlamaIndex takes this selector only for models that call functions")
    one = {"index": 2, "reason": "dogs"}
    answers = {
        PydanticSingleSelector: json.dumps(one),
        PydanticMultiSelector: json.dumps({"selections": [one]}),
        LLMSingleSelector: json.dumps([{"choice": 2, "reason": "dogs"}]),
    }
    llm = scripted(answers[selector])
    llm.client_plugins = client_plugins
    assert selector.from_defaults(llm=llm).select(CHOICES, "Who barks?").inds == [1]


@pytest.mark.parametrize("client_plugins", [True, False])
def test_a_router_engine_asks_the_engine_that_the_bot_chose(emulator: Emulator, client_plugins: bool) -> None:
    selection = {"index": 2, "reason": "dogs"} if client_plugins else [{"choice": 2, "reason": "dogs"}]

    def script(turn: Any) -> list[Answer]:
        return [Answer(json.dumps(selection) if "About cats" in turn.question else f"From {turn.question!r}")]

    bot = emulator.add_bot("router", script)
    llm = CozeLLM(bot_id=bot, token=emulator.token, base_url=emulator.url, client_plugins=client_plugins)
    tools = [
        QueryEngineTool(SummaryIndex.from_documents([Document(text=f"{word} text")]).as_query_engine(llm=llm), metadata)
        for word, metadata in zip(("Cat", "Dog"), CHOICES, strict=True)
    ]
    engine = RouterQueryEngine.from_defaults(tools, llm=llm)
    assert "Dog text" in str(engine.query("Who barks?"))
