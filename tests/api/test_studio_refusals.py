"""What a self-hosted coze-studio refuses: the code stands inside a text, before a stack trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from coze_client import APIError, CozeError, InvalidRequest, Message, NotFound, PermissionDenied, ServerError
from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Fail
from tests.support.clients import ConnectedClient, Driver

UNKNOWN = "7350000000000009999"


@pytest.fixture
def studio(driver: Driver) -> Iterator[ConnectedClient]:
    with Emulator(dialect="studio") as emulator:
        yield ConnectedClient(driver, emulator)


@pytest.fixture
def stranger(studio: ConnectedClient) -> Any:
    token = studio.emulator.issue_token(account="stranger")
    return studio.driver.client(token, base_url=studio.emulator.url)


Start = Callable[..., Any]


ASKED = {"user_id": "u", "additional_messages": [Message.user("hi")]}


def streams(client: Any, **options: Any) -> Any:
    return client.chats.stream(**{**ASKED, **options}).read()


def starts(client: Any, **options: Any) -> Any:
    return client.chats.create(**{**ASKED, **options})


def polls(client: Any, **options: Any) -> Any:
    return client.chats.create_and_poll(**{**ASKED, **options})


def refused(studio: ConnectedClient, call: Callable[[], Any]) -> APIError:
    """Return the error of a call, which has a reason of one line and was sent once."""
    before = len(studio.emulator.calls)
    with pytest.raises(CozeError) as caught:
        studio.run(call())
    error = caught.value
    assert isinstance(error, APIError)
    assert "stack" not in str(error)
    assert "\n" not in str(error)
    assert "code=" not in error.message
    assert len(studio.emulator.calls) == before + 1
    return error


@pytest.mark.parametrize("start", [streams, starts, polls])
class TestAStartThatIsRefused:
    @pytest.mark.parametrize("published", [True, False])
    def test_because_the_agent_is_unknown_or_not_published(
        self, studio: ConnectedClient, start: Start, published: bool
    ) -> None:
        bot_id = UNKNOWN if published else studio.emulator.add_bot("draft", published=False)
        error = refused(studio, lambda: start(studio.client, bot_id=bot_id))
        assert (error.code, f"agent not published, agentID={bot_id}" in error.message) == (100000000, True)
        assert error.cure
        assert studio.emulator.chats_started == 0

    def test_because_the_conversation_is_anothers(self, studio: ConnectedClient, stranger: Any, start: Start) -> None:
        theirs = studio.run(stranger.conversations.create()).id
        echo = studio.emulator.bots["echo"]
        error = refused(studio, lambda: start(studio.client, bot_id=echo, conversation_id=theirs))
        assert (type(error), error.code) == (PermissionDenied, 103000001)

    def test_because_a_message_is_not_taken(self, studio: ConnectedClient, start: Start) -> None:
        asked = [{"role": "system", "content": "hi"}]
        bot_id = studio.emulator.bots["echo"]
        error = refused(studio, lambda: start(studio.client, bot_id=bot_id, additional_messages=asked))
        assert "only support user and assistant" in error.message
        assert studio.emulator.chats_started == 0


def test_a_stream_with_an_agent_of_another_account_is_refused(studio: ConnectedClient, stranger: Any) -> None:
    error = refused(studio, lambda: streams(stranger, bot_id=studio.emulator.bots["echo"]))
    assert (type(error), error.code) == (PermissionDenied, 103000001)


@pytest.mark.parametrize("call", ["retrieve", "cancel"])
def test_an_unknown_chat_is_not_found_and_asked_for_once(studio: ConnectedClient, call: str) -> None:
    chat = studio.run(starts(studio.client, bot_id=studio.emulator.bots["echo"]))
    send = getattr(studio.client.chats, call)
    error = refused(studio, lambda: send(conversation_id=chat.conversation_id, chat_id="2"))
    assert (type(error), error.message) == (NotFound, "record not found")


@pytest.mark.parametrize("call", ["retrieve", "cancel", "messages"])
def test_the_chat_of_another_is_denied_and_asked_for_once(studio: ConnectedClient, stranger: Any, call: str) -> None:
    chat = studio.run(starts(studio.client, bot_id=studio.emulator.bots["echo"]))
    send = getattr(stranger.chats, call)
    error = refused(studio, lambda: send(conversation_id=chat.conversation_id, chat_id=chat.id))
    assert (type(error), error.code) == (PermissionDenied, 103000001)


def test_a_chat_that_has_ended_cannot_be_cancelled(studio: ConnectedClient) -> None:
    chat = studio.run(streams(studio.client, bot_id=studio.emulator.bots["echo"])).chat
    error = refused(studio, lambda: studio.client.chats.cancel(conversation_id=chat.conversation_id, chat_id=chat.id))
    assert (type(error), error.code) == (InvalidRequest, 103200005)


def test_a_failed_model_is_the_servers_failure_with_a_cure(studio: ConnectedClient) -> None:
    bot_id = studio.emulator.add_bot("broken", lambda turn: [Fail()])
    error = refused(studio, lambda: streams(studio.client, bot_id=bot_id))
    assert (type(error), error.code, bool(error.cure)) == (ServerError, 103200002, True)
