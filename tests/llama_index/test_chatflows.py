"""CozeLLM with a chatflow instead of a bot, by LlamaIndex's four chat methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock

from coze_client import CozeError
from coze_client.emulator import Emulator
from coze_client.emulator.workflows import Steps
from coze_client.emulator.workflows import ask as asks
from llama_index_coze import CozeLLM
from tests.support.llama_index_calls import Ask, dialogue

Booker = Callable[..., CozeLLM]


@pytest.fixture
def booker(emulator: Emulator) -> Booker:
    """Creates an LLM of a chatflow that books a table and asks for the time; by default in an app."""

    @emulator.workflow(title="Booker", chatflow=True)
    def book(question: str, city: str = "Rome") -> Steps[str]:
        time = yield asks(f"Which time in {city}?")
        return f"{question}: {city} at {time}"

    def make(**options: Any) -> CozeLLM:
        given = {"app_id": "77", "token": emulator.token, "base_url": emulator.url, "user_id": "u1", **options}
        return CozeLLM(workflow_id=book.workflow_id, **given)

    return make


def sent(emulator: Emulator) -> Any:
    return emulator.calls_to("/v1/workflows/chat")[-1].body


def test_the_question_of_a_chatflow_is_answered_by_the_next_message(
    emulator: Emulator, booker: Booker, ask: Ask
) -> None:
    llm = booker(parameters={"city": "Oslo"})
    history = [ChatMessage("A table")]
    first = ask(llm, history).message
    assert first.content == "Which time in Oslo?"
    assert first.additional_kwargs["status"] == "requires_action"
    last = ask(llm, [*history, first, ChatMessage("18:00")]).message
    assert last.content == "A table: Oslo at 18:00"
    assert emulator.runs_started == 1


def test_it_runs_in_a_bot_or_an_app(emulator: Emulator, booker: Booker, ask: Ask) -> None:
    ask(booker(bot_id=emulator.bots["echo"], app_id=None), "A table")
    assert sent(emulator)["bot_id"] == emulator.bots["echo"]
    assert "app_id" not in sent(emulator)
    ask(booker(extra_params={"latitude": "1"}), "A table")
    assert sent(emulator)["app_id"] == "77"
    assert sent(emulator)["ext"] == {"latitude": "1", "user_id": "u1"}


def test_the_chatflow_is_the_model_name_in_the_metadata(booker: Booker) -> None:
    assert booker().metadata.model_name == booker().workflow_id


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"app_id": None}, "exactly one of bot_id and app_id"),
        ({"bot_id": "1"}, "exactly one of bot_id and app_id"),
        ({"custom_variables": {"a": "b"}}, "takes no custom_variables"),
        ({"auto_save_history": False}, "takes no auto_save_history=False"),
    ],
)
def test_what_a_chatflow_does_not_take_is_refused_at_once(booker: Booker, given: dict[str, Any], message: str) -> None:
    with pytest.raises(CozeError, match=message):
        booker(**given)


def test_images_are_refused_by_a_chatflow(emulator: Emulator, booker: Booker, ask: Ask) -> None:
    picture = ImageBlock(url="https://example.com/a.png")
    with pytest.raises(CozeError, match="text only"):
        ask(booker(), [ChatMessage(blocks=[TextBlock(text="Look"), picture])])
    assert emulator.runs_started == 0


def test_more_than_fifty_messages_are_an_error_or_trimmed(emulator: Emulator, booker: Booker, ask: Ask) -> None:
    long = dialogue(*["text"] * 53)
    with pytest.raises(CozeError, match="at most 50 messages"):
        ask(booker(), long)
    assert ask(booker(trim=True), long).message.content == "Which time in Rome?"
    assert len(sent(emulator)["additional_messages"]) == 50
