"""Structured output by prompt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from coze_client import ConfigurationError, CozeClient
from coze_client.emulator import Emulator
from langchain_coze import ChatCoze
from tests.support.langchain_calls import chat_body
from tests.support.lying_bot import liar

Make = Callable[..., ChatCoze]


class City(BaseModel):
    """A town."""

    name: str = Field(description="What it is called")
    people: int


class CityDict(TypedDict):
    """A town."""

    name: str
    people: int


SCHEMA = City.model_json_schema()
QUESTION = "Where do 38000 people live? In 'Chur'."


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
@pytest.mark.parametrize("schema", [City, CityDict, SCHEMA], ids=["pydantic", "TypedDict", "JSON schema"])
def test_an_answer_becomes_a_value_of_the_schema(model: Make, schema: Any, method: str) -> None:
    structured = model("assistant").with_structured_output(schema, method=method, strict=True)
    expected = City(name="Chur", people=38000) if schema is City else {"name": "Chur", "people": 38000}
    assert structured.invoke(QUESTION) == expected
    assert asyncio.run(structured.ainvoke(QUESTION)) == expected
    assert list(structured.stream(QUESTION)) == [expected]


def test_the_schema_is_asked_for_with_the_question(model: Make, emulator: Emulator) -> None:
    prompt = ChatPromptTemplate.from_messages([("system", "Be brief."), ("human", "{question}")])
    (prompt | model("assistant").with_structured_output(City)).invoke({"question": QUESTION})
    (message,) = chat_body(emulator)["additional_messages"]
    assert message["content"].startswith(f"Instructions:\nBe brief.\n\nQuestion:\n{QUESTION}\n\n")
    assert "What it is called" in message["content"]


def test_a_question_with_an_image_keeps_it(model: Make, emulator: Emulator) -> None:
    question = HumanMessage([{"type": "text", "text": QUESTION}, {"type": "image", "url": "https://a/b.png"}])
    assert model("assistant").with_structured_output(City).invoke([question]).people == 38000
    assert chat_body(emulator)["additional_messages"][0]["content_type"] == "object_string"


@pytest.mark.parametrize("messages", [[SystemMessage(QUESTION)], [HumanMessage("Hi"), AIMessage(QUESTION)]])
def test_without_a_question_at_the_end_the_schema_is_the_question(model: Make, messages: list[Any]) -> None:
    assert isinstance(model("assistant").with_structured_output(City).invoke(messages), City)


BAD = ["I would rather not.", '{"name": "Chur"}', '{"name": "Chur", "people": "many"}', "[1, 2"]


@pytest.mark.parametrize("schema", [City, SCHEMA], ids=["pydantic", "JSON schema"])
@pytest.mark.parametrize("bad", BAD)
def test_an_answer_that_does_not_fit_is_repaired_outside_the_conversation(
    model: Make, emulator: Emulator, bad: str, schema: Any
) -> None:
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        conversation = client.conversations.create().id
    emulator.add_bot("liar", liar(bad, '{"name": "Chur", "people": 1}'))
    structured = model("liar", conversation_id=conversation).with_structured_output(schema)
    assert dict(structured.invoke(QUESTION)) == {"name": "Chur", "people": 1}
    first, repair = emulator.calls_to("/v3/chat")
    assert first.query == {"conversation_id": conversation}
    assert not repair.query
    assert chat_body(emulator)["auto_save_history"] is False
    assert bad in chat_body(emulator)["additional_messages"][0]["content"]


def test_each_repair_contains_the_last_error(model: Make, emulator: Emulator) -> None:
    emulator.add_bot("liar", liar("no", '{"name": 1}', '{"name": "Chur", "people": 1}'))
    assert model("liar").with_structured_output(City, repairs=2).invoke(QUESTION).people == 1
    first, second = (chat_body(emulator, n)["additional_messages"][0]["content"] for n in (-2, -1))
    assert emulator.chats_started == 3
    assert "no JSON" in first
    assert '{"name": 1}' in second
    assert "people\n  Field required" in second
    assert "no JSON" not in second


@pytest.mark.parametrize(
    ("bad", "misfit"),
    [('{"name": "Chur"}', "$.people is missing"), ('{"name": "Chur", "people": "many"}', "$.people is not of type")],
)
def test_a_repair_of_a_response_format_says_what_was_wrong(
    model: Make, emulator: Emulator, bad: str, misfit: str
) -> None:
    emulator.add_bot("liar", liar(bad, '{"name": "Chur", "people": 1}'))
    form = {"type": "json_schema", "json_schema": {"name": "City", "schema": SCHEMA}}
    model("liar").bind(response_format=form).invoke(QUESTION)
    assert misfit in chat_body(emulator)["additional_messages"][0]["content"]


@pytest.mark.parametrize("repairs", [0, 1, 2])
def test_what_cannot_be_repaired_is_the_frameworks_own_error(model: Make, emulator: Emulator, repairs: int) -> None:
    emulator.add_bot("liar", liar(*["no"] * 10))
    structured = model("liar").with_structured_output(City, repairs=repairs)
    with pytest.raises(OutputParserException, match="no JSON"):
        structured.invoke(QUESTION)
    assert emulator.chats_started == repairs + 1
    with pytest.raises(OutputParserException):
        asyncio.run(structured.ainvoke(QUESTION))


def test_raw_answer_value_and_error_stand_beside_each_other(model: Make, emulator: Emulator) -> None:
    good = model("assistant").with_structured_output(City, include_raw=True).invoke(QUESTION)
    assert good["parsed"] == City(name="Chur", people=38000)
    assert isinstance(good["raw"], AIMessage)
    assert good["parsing_error"] is None
    emulator.add_bot("liar", liar("no", "no", "no", '{"name": "Chur", "people": 1}'))
    structured = model("liar").with_structured_output(City, include_raw=True)
    bad = structured.invoke(QUESTION)
    assert (bad["raw"].content, bad["parsed"]) == ("no", None)
    assert isinstance(bad["parsing_error"], OutputParserException)
    mended = asyncio.run(structured.ainvoke(QUESTION))
    assert (mended["raw"].content, mended["parsed"].people, mended["parsing_error"]) == ("no", 1, None)
    assert set(mended) == {"raw", "parsed", "parsing_error"}


def test_a_failing_chat_is_no_parsing_error(model: Make) -> None:
    from langchain_coze import CozeChatFailed

    with pytest.raises(CozeChatFailed):
        model("failing").with_structured_output(City, include_raw=True).invoke(QUESTION)


def test_wrong_arguments_are_an_error(model: Make) -> None:
    with pytest.raises(ConfigurationError, match="repairs"):
        model().with_structured_output(City, repairs=-1)
    with pytest.raises(TypeError, match="tools"):
        model().with_structured_output(City, tools=[])


@pytest.mark.parametrize("method", ["json", "tools", "", "JSON_MODE"])
def test_an_unknown_method_is_an_error(model: Make, emulator: Emulator, method: str) -> None:
    with pytest.raises(ConfigurationError, match="method must be one of"):
        model().with_structured_output(City, method=method)
    assert not emulator.calls


def test_a_chatflow_repairs_its_answer(model: Make, emulator: Emulator) -> None:
    left = ["no", '{"name": "Chur", "people": 2}']

    @emulator.workflow(title="Planner", chatflow=True)
    def planner(question: str) -> str:
        return left.pop(0)

    structured = model("echo", workflow_id=planner.workflow_id).with_structured_output(City)
    assert structured.invoke(QUESTION) == City(name="Chur", people=2)
