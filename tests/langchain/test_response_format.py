"""``response_format`` of ``bind_tools`` and of ``create_agent``: the answer is bare JSON, or a call of the schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import HumanMessage
from langchain_core.tools import StructuredTool
from pydantic import BaseModel
from typing_extensions import TypedDict

from coze_client import ConfigurationError
from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer
from coze_client.emulator.workflows import Steps
from coze_client.emulator.workflows import ask as ask_user
from langchain_coze import ChatCoze
from langchain_coze.response_format import read_response_format
from tests.support.langchain_calls import WAYS, Ask, ainvoke, chat_body, invoke
from tests.support.lying_bot import liar

Make = Callable[..., ChatCoze]


class Trip(BaseModel):
    """A journey."""

    city: str
    days: int


class Meal(BaseModel):
    """A dinner."""

    dish: str
    kind: Literal["meal"]


class TripDict(TypedDict):
    """A journey."""

    city: str
    days: int


def get_weather(city: str) -> str:
    """The weather."""
    return f"14 C in {city}"


QUESTION = "I am in 'Lisbon' for 3 days"
SCHEMA = Trip.model_json_schema()
SCHEMA_TOOL = StructuredTool(name="Trip", description="A journey.", args_schema=SCHEMA)
FORMATS: list[Any] = [
    {"type": "json_schema", "json_schema": {"name": "Trip", "schema": SCHEMA, "strict": True}},
    {"type": "json_schema", "schema": SCHEMA},
    Trip,
]


@pytest.mark.parametrize("form", FORMATS, ids=["nested", "flat", "class"])
def test_the_content_is_bare_json(model: Make, ask: Ask, form: Any) -> None:
    answer = ask(model("assistant").bind_tools([], response_format=form), QUESTION)
    assert json.loads(str(answer.content)) == {"city": "Lisbon", "days": 3}
    assert answer.response_metadata["status"] == "completed"
    assert answer.response_metadata["chat_id"]


def test_json_object_and_text_are_known(model: Make, ask: Ask, emulator: Emulator) -> None:
    emulator.add_bot("chatty", lambda turn: [Answer('Here: {"a": 1}. Done.')])
    bound = model("chatty").bind_tools([], response_format={"type": "json_object"})
    assert ask(bound, "Hi").content == '{"a": 1}'
    plain = model("chatty").bind_tools([], response_format={"type": "text"})
    assert ask(plain, "Hi").content == 'Here: {"a": 1}. Done.'


@pytest.mark.parametrize(
    ("given", "schema"),
    [
        (None, None),
        ({"type": "text"}, None),
        ({"type": "json_object"}, {"type": "object"}),
        *[(form, SCHEMA) for form in FORMATS[:2]],
    ],
)
def test_a_response_format_is_read_as_its_schema(given: Any, schema: Any) -> None:
    assert read_response_format(given) == schema


def test_a_stream_has_one_chunk(model: Make) -> None:
    bound = model("assistant").bind_tools([], response_format=FORMATS[0])
    chunks: list[Any] = list(bound.stream(QUESTION))
    assert [json.loads(chunk.text) for chunk in chunks] == [{"city": "Lisbon", "days": 3}]
    assert chunks[0].chunk_position == "last"


@pytest.mark.parametrize("form", [None, {"type": "text"}])
def test_an_answer_in_any_form_is_streamed_as_it_arrives(model: Make, emulator: Emulator, form: Any) -> None:
    emulator.add_bot("chatty", lambda turn: [Answer("One. Two. Three. " * 20)])
    chunks = list(model("chatty").bind_tools([], response_format=form).stream("Hi"))
    assert len([chunk for chunk in chunks if chunk.text]) > 1


FORCED: list[Callable[[ChatCoze], Any]] = [
    lambda model: model.with_structured_output(Trip, strict=True),
    lambda model: model.bind_tools([], response_format=Trip, strict=True),
    lambda model: model.bind_tools([], response_format=Trip, parallel_tool_calls=False),
    lambda model: model.bind_tools([SCHEMA_TOOL], tool_choice="any", parallel_tool_calls=False),
    lambda model: model.bind_tools([SCHEMA_TOOL], tool_choice="required", strict=True),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("call", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("force", FORCED)
def test_options_of_a_forced_schema_do_not_warn(
    model: Make, force: Callable[[ChatCoze], Any], call: Callable[..., Any]
) -> None:
    assert call(force(model("assistant")), QUESTION)


def test_tools_that_a_form_leaves_free_still_warn_of_a_choice(model: Make) -> None:
    with pytest.warns(UserWarning, match="tool_choice: not sent"):
        model("assistant").bind_tools([get_weather], tool_choice="any", response_format=Trip).invoke(QUESTION)


def test_the_schema_is_asked_for_after_the_question(model: Make, emulator: Emulator) -> None:
    model("assistant", system_variable="rules").bind_tools([], response_format=Trip).invoke(
        [("system", "Be brief"), ("human", QUESTION)]
    )
    (sent,) = chat_body(emulator)["additional_messages"]
    assert sent["content"].startswith(f"{QUESTION}\n\nAnswer with one JSON value")
    assert chat_body(emulator)["custom_variables"] == {"rules": "Be brief"}


BAD = ["I would rather not.", '{"city": "Chur"}', '{"city": "Chur", "days": "many"}']


@pytest.mark.parametrize("bad", BAD)
def test_an_answer_that_does_not_fit_is_repaired_outside_the_conversation(
    model: Make, emulator: Emulator, ask: Ask, bad: str
) -> None:
    emulator.add_bot("liar", liar(bad, '{"city": "Chur", "days": 1}'))
    answer = ask(model("liar").bind_tools([], response_format=Trip), QUESTION)
    assert json.loads(str(answer.content)) == {"city": "Chur", "days": 1}
    assert chat_body(emulator)["auto_save_history"] is False
    assert bad in chat_body(emulator)["additional_messages"][0]["content"]
    assert answer.response_metadata["saved"] is True  # the ids are those of the chat in the conversation
    assert answer.usage_metadata is not None
    alone = model("echo").invoke("Hi").usage_metadata
    assert alone is not None
    assert answer.usage_metadata["total_tokens"] > alone["total_tokens"]


def test_what_cannot_be_repaired_is_an_error_with_the_answer(model: Make, emulator: Emulator, ask: Ask) -> None:
    emulator.add_bot("liar", liar(*["no"] * 9))
    with pytest.raises(OutputParserException) as caught:
        ask(model("liar").bind_tools([], response_format=Trip), QUESTION)
    assert caught.value.llm_output == "no"
    assert emulator.chats_started == 2


@pytest.mark.parametrize("form", ["Trip", {"type": "json_schema"}, {"type": "xml"}, 7, {"json_schema": {}}, int])
def test_an_unknown_format_is_an_error_before_anything_is_sent(model: Make, emulator: Emulator, form: Any) -> None:
    with pytest.raises(ConfigurationError, match="response_format"):
        model("assistant").bind_tools([], response_format=form)
    with pytest.raises(ConfigurationError, match="response_format"):
        model("assistant").invoke("Hi", response_format=form)
    assert not emulator.calls


STRATEGIES: list[Any] = [Trip, TripDict, SCHEMA, ProviderStrategy(Trip), ToolStrategy(Trip), ToolStrategy(SCHEMA)]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("call", [invoke, ainvoke])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_agent_answers_in_a_form(model: Make, emulator: Emulator, strategy: Any, call: Callable[..., Any]) -> None:
    agent = create_agent(model("assistant"), [], response_format=strategy)
    state = call(agent, {"messages": [HumanMessage(QUESTION)]})
    assert dict(state["structured_response"]) == {"city": "Lisbon", "days": 3}
    assert emulator.chats_started == 1


@pytest.mark.parametrize("strategy", [Trip, ToolStrategy(Trip)])
def test_an_agent_with_tools_answers_in_a_form(model: Make, emulator: Emulator, strategy: Any) -> None:
    agent: Any = create_agent(model("plugins"), [get_weather], response_format=strategy)
    state = agent.invoke({"messages": [HumanMessage("What is the weather in Zurich?")]})
    assert state["structured_response"].days == 14
    assert [each.type for each in state["messages"]][:3] == ["human", "ai", "tool"]
    assert len(emulator.calls_to("/v3/chat/submit_tool_outputs")) == 1
    assert emulator.chats_started == 1


def test_an_agent_that_answers_in_a_form_goes_on(model: Make) -> None:
    agent: Any = create_agent(model("assistant"), [], response_format=ToolStrategy(Trip))
    state = agent.invoke({"messages": [HumanMessage(QUESTION)]})
    state = agent.invoke({"messages": [*state["messages"], HumanMessage("Now 'Rome' for 5 days")]})
    assert state["structured_response"].city


def test_a_union_of_schemas_becomes_the_call_that_fits(model: Make, emulator: Emulator) -> None:
    emulator.add_bot("cook", lambda turn: [Answer('{"dish": "soup", "kind": "meal"}')])
    agent: Any = create_agent(model("cook"), [], response_format=ToolStrategy(Trip | Meal))
    assert agent.invoke({"messages": [HumanMessage("Hungry")]})["structured_response"] == Meal(dish="soup", kind="meal")


def test_a_call_of_a_schema_is_streamed_whole(model: Make, ask: Ask) -> None:
    answer = ask(model("assistant").bind_tools([SCHEMA_TOOL], tool_choice="any"), QUESTION)
    (call,) = answer.tool_calls
    assert (call["name"], call["args"]) == ("Trip", {"city": "Lisbon", "days": 3})
    assert call["id"]
    assert answer.content == ""
    assert answer.response_metadata["finish_reason"] == "tool_calls"


def test_tools_that_are_not_forced_stay_tools(model: Make, ask: Ask) -> None:
    for bound in (model().bind_tools([SCHEMA_TOOL]), model().bind_tools([get_weather], tool_choice="any")):
        assert ask(bound, "Hi").content == "Hi"


def test_a_chatflow_answers_in_a_form_or_asks(model: Make, emulator: Emulator, ask: Ask) -> None:
    left = ["no", '{"city": "Chur", "days": 2}']

    @emulator.workflow(title="Planner", chatflow=True)
    def planner(question: str) -> Steps[str]:
        if question.startswith("Ask"):
            yield ask_user("Which city?")
        return left.pop(0)

    bound = model("echo", workflow_id=planner.workflow_id).bind_tools([], response_format=Trip)
    assert json.loads(str(ask(bound, "Plan").content)) == {"city": "Chur", "days": 2}
    assert ask(bound, "Ask me").content == "Which city?"


def test_the_profile_says_what_is_true_of_a_bot(model: Make) -> None:
    profile: Any = model().profile
    assert (profile["structured_output"], profile["tool_calling"], profile["tool_choice"]) == (True, True, False)
    assert profile["image_inputs"]
    given: Any = model(profile={"max_input_tokens": 1000, "image_inputs": False}).profile
    assert (given["structured_output"], given["max_input_tokens"], given["image_inputs"]) == (True, 1000, False)
    chatflow: Any = model(workflow_id="7").profile
    assert (chatflow["structured_output"], chatflow["tool_calling"], chatflow["image_inputs"]) == (True, False, False)
