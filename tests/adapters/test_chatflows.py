"""A chat model of either framework with a chatflow instead of a bot, in every way of asking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from coze_client import CozeError
from coze_client.emulator import Emulator
from coze_client.emulator.workflows import Steps
from coze_client.emulator.workflows import ask as asks
from tests.support.chat_models import ChatModel

Booker = Callable[..., Any]


@pytest.fixture
def booker(emulator: Emulator, chat_model: ChatModel) -> Booker:
    """Makes a model of a chatflow that books a table and asks for the time; by default in an app."""

    @emulator.workflow(title="Booker", chatflow=True)
    def book(question: str, city: str = "Rome") -> Steps[str]:
        time = yield asks(f"Which time in {city}?")
        return f"{question}: {city} at {time}"

    def make(**options: Any) -> Any:
        given = {"app_id": "77", "token": emulator.token, "base_url": emulator.url, "user_id": "u1", **options}
        return chat_model.model(workflow_id=book.workflow_id, **given)

    return make


def sent(emulator: Emulator) -> Any:
    return emulator.calls_to("/v1/workflows/chat")[-1].body


def test_the_question_of_a_chatflow_is_answered_by_the_next_message(
    emulator: Emulator, booker: Booker, chat_model: ChatModel
) -> None:
    model = booker(parameters={"city": "Oslo"})
    first = chat_model.ask(model, "A table")
    assert first.content == "Which time in Oslo?"
    assert chat_model.kept(first)["status"] == "requires_action"
    assert chat_model.kept(first).get("finish_reason", "stop") == "stop"
    last = chat_model.ask(model, "A table", first, "18:00")
    assert last.content == "A table: Oslo at 18:00"
    assert chat_model.kept(last)["status"] == "completed"
    assert emulator.runs_started == 1
    assert [message["content"] for message in sent(emulator)["additional_messages"]] == ["18:00"]


def test_it_runs_in_a_bot_or_an_app(emulator: Emulator, booker: Booker, chat_model: ChatModel) -> None:
    chat_model.ask(booker(bot_id=emulator.bots["echo"], app_id=None), "A table")
    assert sent(emulator)["bot_id"] == emulator.bots["echo"]
    assert "app_id" not in sent(emulator)
    chat_model.ask(booker(extra_params={"latitude": "1"}), "A table")
    assert sent(emulator)["app_id"] == "77"
    assert sent(emulator)["ext"] == {"latitude": "1", "user_id": "u1"}
    assert chat_model.name(booker()) == booker().workflow_id


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
def test_what_a_chatflow_does_not_take_is_an_error_at_once(booker: Booker, given: dict[str, Any], message: str) -> None:
    with pytest.raises(CozeError, match=message):
        booker(**given)


def test_pictures_are_an_error_for_a_chatflow(emulator: Emulator, booker: Booker, chat_model: ChatModel) -> None:
    with pytest.raises(CozeError, match="text only"):
        chat_model.ask(booker(), chat_model.picture("Look", "https://example.com/a.png"))
    assert emulator.runs_started == 0


def test_more_than_fifty_messages_are_an_error_or_trimmed(
    emulator: Emulator, booker: Booker, chat_model: ChatModel
) -> None:
    long = [chat_model.say(role, "Hi") for role in ("user", "assistant")] * 26
    with pytest.raises(CozeError, match="at most 50 messages"):
        chat_model.ask(booker(), *long, "A table")
    assert chat_model.ask(booker(trim=True), *long, "A table").content == "Which time in Rome?"
    assert len(sent(emulator)["additional_messages"]) == 50


def test_the_system_s_words_go_with_the_question(emulator: Emulator, booker: Booker, chat_model: ChatModel) -> None:
    chat_model.ask(booker(), chat_model.say("system", "Be brief."), "A table")
    [message] = sent(emulator)["additional_messages"]
    assert "Be brief." in message["content"]
    assert "A table" in message["content"]


def test_a_bot_is_needed_where_there_is_no_chatflow(chat_model: ChatModel) -> None:
    with pytest.raises(CozeError, match="bot_id"):
        chat_model.model(token="pat_test")
    with pytest.raises(CozeError, match="app_id"):
        chat_model.model(token="pat_test", bot_id="1", app_id="2")
