"""Chatflows of a self-hosted coze-studio: where the bot's id stands, and which conversations an app takes."""

from __future__ import annotations

import json

import httpx
import pytest

from coze_client.emulator import Emulator
from coze_client.emulator.workflows import Steps, Workflow, ask
from tests.support.api_calls import ApiClient, Json, answer, question


def repeats(text: str) -> str:
    return text


def asks(text: str) -> Steps[str]:
    when = yield ask("When?", options=["18:00", "19:00"])
    return f"at {when}"


@pytest.fixture
def chatflow(studio: Emulator) -> Workflow:
    return studio.workflow(chatflow=True, app_id="9")(repeats)


def talk(api: ApiClient, workflow: Workflow, **more: object) -> httpx.Response:
    body = {"workflow_id": workflow.id, "additional_messages": [question("hey")], **more}
    return api.post("/v1/workflows/chat", json=body)


def events(response: httpx.Response) -> list[tuple[str, Json]]:
    """Return the names, without `conversation.`, and the data of events; each block has an id, too."""
    blocks = [dict(line.split(": ", 1) for line in block.split("\n")) for block in response.text.split("\n\n")[:-1]]
    return [(block["event"].removeprefix("conversation."), json.loads(block["data"])) for block in blocks]


@pytest.mark.parametrize("owner", ["bot_id", "app_id"])
def test_messages_and_the_completed_chat_name_the_bot_or_app_and_have_no_times(
    studio: Emulator, studio_api: ApiClient, chatflow: Workflow, owner: str
) -> None:
    owner_id = studio.bots["echo"] if owner == "bot_id" else "9"
    found = events(talk(studio_api, chatflow, **{owner: owner_id}, parameters={"CONVERSATION_NAME": "Default"}))
    head = {"id", "conversation_id", "section_id", "status", "execute_id"}
    message = {"id", "chat_id", "conversation_id", "section_id", "bot_id", "role", "type", "content", "content_type"}
    assert [(name, set(data)) for name, data in found[:-1]] == [
        ("chat.created", head),
        ("chat.in_progress", head),
        ("message.delta", message),
        ("message.completed", message),
        ("chat.completed", head | {"bot_id", "usage"}),
    ]
    assert {data["bot_id"] for _, data in found if "bot_id" in data} == {owner_id}


def test_a_question_back_names_no_bot(studio: Emulator, studio_api: ApiClient) -> None:
    chatflow = studio.workflow(chatflow=True, app_id="9")(asks)
    found = events(talk(studio_api, chatflow, app_id="9", parameters={"CONVERSATION_NAME": "Default"}))
    name, chat = found[-2]
    assert (name, chat["status"]) == ("chat.requires_action", "requires_action")
    assert chat.keys() == {"id", "conversation_id", "section_id", "status", "execute_id"}


def test_an_app_takes_only_conversations_that_were_made_for_it(
    studio: Emulator, studio_api: ApiClient, chatflow: Workflow
) -> None:
    strange = studio_api.conversation()["id"]
    refused = talk(studio_api, chatflow, app_id="9", conversation_id=strange)
    assert "conversation.chat" not in refused.text
    assert studio.runs_started == 0
    bot_id = studio.bots["echo"]
    assert events(talk(studio_api, chatflow, bot_id=bot_id, conversation_id=strange))[0][0] == "chat.created"
    named = events(talk(studio_api, chatflow, app_id="9", parameters={"CONVERSATION_NAME": "kitchen"}))[0][1]
    again = events(talk(studio_api, chatflow, app_id="9", conversation_id=named["conversation_id"]))[0][1]
    assert again["conversation_id"] == named["conversation_id"]
    other = talk(studio_api, chatflow, app_id="10", conversation_id=named["conversation_id"])
    assert "conversation.chat" not in other.text


def test_an_unknown_name_makes_a_conversation_which_the_name_finds_again(
    studio_api: ApiClient, chatflow: Workflow
) -> None:
    def conversation(app_id: str) -> str:
        more = {"app_id": app_id, "parameters": {"CONVERSATION_NAME": "kitchen"}}
        return str(events(talk(studio_api, chatflow, **more))[0][1]["conversation_id"])

    assert conversation("9") == conversation("9")
    assert conversation("9") != conversation("10")


def test_the_last_message_must_be_the_users(studio: Emulator, studio_api: ApiClient, chatflow: Workflow) -> None:
    messages = [question("hey"), answer("hello")]
    where = {"app_id": "9", "parameters": {"CONVERSATION_NAME": "Default"}}
    refused = talk(studio_api, chatflow, **where, additional_messages=messages)
    assert "conversation.chat" not in refused.text
    assert studio.runs_started == 0
