"""ChatCoze with a chatflow instead of a bot, called by invoke, ainvoke, stream and astream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.tools import tool

from coze_client import CozeError
from coze_client.emulator import Emulator
from coze_client.emulator.workflows import Steps, Workflow, ask
from langchain_coze import ChatCoze
from tests.support.langchain_calls import Ask


@pytest.fixture
def chatflow(emulator: Emulator) -> Workflow:
    """Books a table, and asks for the time."""

    @emulator.workflow(title="Booker", chatflow=True)
    def booker(question: str, city: str = "Rome") -> Steps[str]:
        time = yield ask(f"Which time in {city}?")
        return f"{question}: {city} at {time}"

    return booker


@pytest.fixture
def greeter(emulator: Emulator, chatflow: Workflow) -> Callable[..., ChatCoze]:
    """Makes a model of the chatflow; of an app's by default."""

    def make(**options: Any) -> ChatCoze:
        given = {"app_id": "77", "token": emulator.token, "base_url": emulator.url, "user_id": "u1", **options}
        return ChatCoze(workflow_id=chatflow.workflow_id, **given)

    return make


def sent(emulator: Emulator) -> Any:
    return emulator.calls_to("/v1/workflows/chat")[-1].body


def test_the_question_of_a_chatflow_is_answered_by_the_next_message(
    emulator: Emulator, greeter: Callable[..., ChatCoze], ask: Ask
) -> None:
    model = greeter(parameters={"city": "Oslo"})
    history: list[Any] = [HumanMessage("A table")]
    first = ask(model, history)
    assert first.content == "Which time in Oslo?"
    assert first.response_metadata["status"] == "requires_action"
    assert first.response_metadata["finish_reason"] == "stop"
    last = ask(model, [*history, first, HumanMessage("18:00")])
    assert last.content == "A table: Oslo at 18:00"
    assert last.response_metadata["status"] == "completed"
    assert emulator.runs_started == 1
    assert [message["content"] for message in sent(emulator)["additional_messages"]] == ["18:00"]


def test_it_runs_in_a_bot_or_an_app(emulator: Emulator, greeter: Callable[..., ChatCoze], ask: Ask) -> None:
    ask(greeter(bot_id=emulator.bots["echo"], app_id=None), "A table")
    assert sent(emulator)["bot_id"] == emulator.bots["echo"]
    assert "app_id" not in sent(emulator)
    answer = ask(greeter(extra_params={"latitude": "1"}), "A table")
    assert sent(emulator)["app_id"] == "77"
    assert sent(emulator)["ext"] == {"latitude": "1", "user_id": "u1"}
    assert answer.response_metadata["model_name"] == greeter().workflow_id


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"app_id": None}, "exactly one of bot_id and app_id"),
        ({"bot_id": "1"}, "exactly one of bot_id and app_id"),
        ({"custom_variables": {"a": "b"}}, "takes no custom_variables"),
        ({"meta_data": {"a": "b"}, "enable_card": True}, "takes no meta_data, enable_card"),
        ({"auto_save_history": False}, "takes no auto_save_history=False"),
    ],
)
def test_what_a_chatflow_does_not_take_is_an_error_at_once(
    greeter: Callable[..., ChatCoze], given: dict[str, Any], message: str
) -> None:
    with pytest.raises(CozeError, match=message):
        greeter(**given)


def test_images_and_tools_are_an_error_for_a_chatflow(
    emulator: Emulator, greeter: Callable[..., ChatCoze], ask: Ask
) -> None:
    image = {"type": "image", "url": "https://example.com/a.png"}
    with pytest.raises(CozeError, match="text only"):
        ask(greeter(), [HumanMessage([{"type": "text", "text": "Look"}, image])])

    @tool
    def weather(city: str) -> str:
        """The weather."""
        return city

    with pytest.raises(CozeError, match="weather"):
        ask(greeter().bind_tools([weather]), "Hi")
    assert emulator.runs_started == 0


def test_more_than_fifty_messages_are_an_error_or_trimmed(
    emulator: Emulator, greeter: Callable[..., ChatCoze], ask: Ask
) -> None:
    long: list[Any] = [HumanMessage("Hi"), AIMessage("Hello")] * 26 + [HumanMessage("A table")]
    with pytest.raises(CozeError, match="at most 50 messages"):
        ask(greeter(), long)
    assert ask(greeter(trim=True), long).content == "Which time in Rome?"
    assert len(sent(emulator)["additional_messages"]) == 50


def test_the_system_s_words_go_with_the_question(
    emulator: Emulator, greeter: Callable[..., ChatCoze], ask: Ask
) -> None:
    ask(greeter(), [SystemMessage("Be brief."), HumanMessage("A table")])
    [message] = sent(emulator)["additional_messages"]
    assert "Be brief." in message["content"]
    assert "A table" in message["content"]


def test_a_bot_is_needed_where_there_is_no_chatflow() -> None:
    with pytest.raises(CozeError, match="bot_id"):
        ChatCoze(token="pat_test")
    with pytest.raises(CozeError, match="app_id"):
        ChatCoze(token="pat_test", bot_id="1", app_id="2")
