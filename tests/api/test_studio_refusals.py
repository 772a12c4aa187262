"""What a self-hosted coze-studio refuses: the code stands inside a text, before a stack trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from coze_client import (
    APIError,
    AuthenticationError,
    CozeError,
    InvalidRequest,
    Message,
    NotFound,
    PermissionDenied,
    ServerError,
)
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


def test_a_model_that_is_missing_is_the_servers_failure_with_a_cure(studio: ConnectedClient) -> None:
    bot_id = studio.emulator.add_bot("dead", lambda turn: [Fail(before_answering=True)])
    error = refused(studio, lambda: streams(studio.client, bot_id=bot_id))
    assert (type(error), error.code, bool(error.cure)) == (ServerError, 103100001, True)


# --- every other refusal: who calls, what they call, and what the client makes of it ---


def says(text: str) -> str:
    return text


REFUSED: dict[str, tuple[Callable[[Any], Any], type[APIError], int | None]] = {
    "delete unknown": (lambda c: c.conversations.delete(conversation_id=UNKNOWN), NotFound, 103000002),
    "clear unknown": (lambda c: c.conversations.clear(conversation_id=UNKNOWN), NotFound, 103000002),
    "rename unknown": (lambda c: c.conversations.update(conversation_id=UNKNOWN, name="x"), NotFound, 103000002),
    "retrieve unknown": (lambda c: c.conversations.retrieve(conversation_id=UNKNOWN), NotFound, 103000002),
    "list unknown": (lambda c: c.conversations.messages.list(conversation_id=UNKNOWN), NotFound, 103000002),
    "cancel unknown": (lambda c: c.chats.cancel(conversation_id=UNKNOWN, chat_id="8"), NotFound, 400),
    "show unknown": (lambda c: c.bots.retrieve(bot_id=UNKNOWN), InvalidRequest, 100000000),
    "describe unknown": (lambda c: c.workflows.retrieve(workflow_id=UNKNOWN), NotFound, 720702004),
    "run unknown": (lambda c: c.workflows.run(workflow_id=UNKNOWN), NotFound, 720702004),
    "change unknown": (lambda c: c.datasets.update(dataset_id=UNKNOWN, name="x"), NotFound, 105000011),
    "drop unknown": (lambda c: c.datasets.delete(dataset_id=UNKNOWN), NotFound, 105000011),
    "documents of unknown": (lambda c: c.datasets.documents.list(dataset_id=UNKNOWN), NotFound, 105000011),
    "delete no document": (lambda c: c.datasets.documents.delete(document_ids=[UNKNOWN]), NotFound, 105000011),
    "upload": (lambda c: c.files.upload(file=b"x" * 200_000), InvalidRequest, None),
}


def outcome(studio: ConnectedClient, client: Any, call: Callable[[Any], Any]) -> tuple[type[APIError], object]:
    """What a refused call raises: its class and code; it has a cure and was sent once."""

    def send() -> Any:
        asked = call(client)
        return studio.collect(asked) if hasattr(asked, "__iter__") or hasattr(asked, "__aiter__") else asked

    error = refused(studio, send)
    assert error.cure
    return type(error), error.code


@pytest.fixture
def small_studio(driver: Driver) -> Iterator[ConnectedClient]:
    """A studio that takes requests of 100 kB at most."""
    with Emulator(dialect="studio", upload_limit=100_000) as emulator:
        yield ConnectedClient(driver, emulator)


def test_what_the_studio_does_not_know_or_take_has_its_class_and_its_code(small_studio: ConnectedClient) -> None:
    found = {name: outcome(small_studio, small_studio.client, call) for name, (call, _, _) in REFUSED.items()}
    assert found == {name: (kind, code) for name, (_, kind, code) in REFUSED.items()}


def test_a_wrong_token_is_refused_in_every_call(small_studio: ConnectedClient) -> None:
    nobody = small_studio.driver.client("pat_nobody", base_url=small_studio.emulator.url)
    calls = {name: call for name, (call, _, _) in REFUSED.items() if name != "upload"}
    calls["upload"] = lambda c: c.files.upload(file=b"x")
    calls["stream"] = lambda c: c.chats.stream(bot_id=UNKNOWN, **ASKED)
    assert {outcome(small_studio, nobody, call) for call in calls.values()} == {(AuthenticationError, 700012006)}


def test_what_belongs_to_another_is_denied_or_not_found(studio: ConnectedClient, stranger: Any) -> None:
    theirs = studio.run(studio.client.conversations.create()).id
    dataset_id = studio.emulator.add_dataset("owls", {"a.txt": "hoot"})
    bot_id = studio.emulator.bots["echo"]
    expected: list[tuple[Callable[[Any], Any], type[APIError], int]] = [
        (lambda c: c.conversations.delete(conversation_id=theirs), NotFound, 103000002),
        (lambda c: c.conversations.clear(conversation_id=theirs), NotFound, 103000002),
        (lambda c: c.conversations.retrieve(conversation_id=theirs), NotFound, 103000002),
        (lambda c: c.conversations.update(conversation_id=theirs, name="x"), PermissionDenied, 103000001),
        (lambda c: c.conversations.messages.list(conversation_id=theirs), PermissionDenied, 103000001),
        (lambda c: c.bots.retrieve(bot_id=bot_id), PermissionDenied, 110000001),
        (lambda c: c.datasets.update(dataset_id=dataset_id, name="x"), PermissionDenied, 105000001),
        (lambda c: c.datasets.documents.list(dataset_id=dataset_id), PermissionDenied, 105000001),
    ]
    assert [outcome(studio, stranger, call) for call, _, _ in expected] == [(kind, code) for _, kind, code in expected]


def test_a_workflow_that_cannot_be_run_names_its_code(studio: ConnectedClient) -> None:
    draft = studio.emulator.workflow(published=False)(says).id
    published = studio.emulator.workflow()(says).id
    run = {"parameters": {"text": "hey"}}
    assert outcome(studio, studio.client, lambda c: c.workflows.run(workflow_id=draft, **run)) == (NotFound, 6031)
    assert outcome(studio, studio.client, lambda c: c.workflows.run(workflow_id=published)) == (InvalidRequest, 4000)
    assert studio.emulator.runs_started == 0


@pytest.mark.parametrize("made_for", ["another app", "no app", "nothing"])
def test_an_app_takes_no_conversation_that_was_not_made_for_it(studio: ConnectedClient, made_for: str) -> None:
    flow = studio.emulator.workflow(chatflow=True)(says).id

    def chat(app_id: str, **more: Any) -> Any:
        return studio.client.workflows.chat(
            workflow_id=flow, app_id=app_id, additional_messages=ASKED["additional_messages"], **more
        ).read()

    where: dict[str, Any] = {}
    if made_for == "another app":
        where = {"conversation_id": studio.run(chat("10", parameters={"CONVERSATION_NAME": "owls"})).conversation_id}
    elif made_for == "no app":
        where = {"conversation_id": studio.run(studio.client.conversations.create()).id}
    started = studio.emulator.runs_started
    error = refused(studio, lambda: chat("9", **where))
    assert ("without a reason" in error.message, "conversation_id" in error.cure) == (True, True)
    assert studio.emulator.runs_started == started
