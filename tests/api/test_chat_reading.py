"""How the events of a chat become its messages and its end: what comes late, twice, in part or not at all."""

from __future__ import annotations

import json

import pytest

from coze_client import ChatFailed, ServerError
from coze_client.api.chats.chat_event import ChatEvent
from coze_client.api.chats.events import ChatReading
from coze_client.api.chats.values import Chat, Usage
from coze_client.api.conversations.values import Message
from tests.support.clients import Driver
from tests.support.scripted_coze import (
    ASK,
    CHAT,
    DONE,
    Event,
    ScriptedCoze,
    as_stream,
    chat,
    completed,
    created,
    delta,
    end,
    message,
    scripted,
    sse,
)


def read(*events: Event, whole: bool = True, rest: bytes = b"") -> tuple[ChatReading, list[ChatEvent]]:
    """The reading after these events, and what it gave out; the connection then ends."""
    reading = ChatReading(1 << 20)
    found = [event for each in events for event in reading.feed(sse([each]))]
    return reading, [*found, *reading.feed(rest), *(reading.finish() if whole else [])]


def test_thoughts_that_the_completed_message_lacks_are_those_of_the_deltas() -> None:
    reading, _ = read(
        created(),
        delta("", reasoning_content="Hm, "),
        delta("", reasoning_content="Bern?"),
        delta("Bern"),
        completed(message("Bern")),
        end(),
    )
    [answer] = reading.received.messages
    assert (answer.reasoning_content, answer.content) == ("Hm, Bern?", "Bern")


def test_a_delta_after_the_completed_message_adds_nothing() -> None:
    reading, events = read(created(), delta("Be"), completed(message("Bern")), delta("rn"), end(), DONE)
    assert "".join(event.delta for event in events) == reading.received.text == "Bern"


@pytest.mark.parametrize("event", ["created", "in_progress", "completed"])
@pytest.mark.parametrize("status", ["failed", "expired"])
def test_a_chat_has_failed_if_its_status_says_so_whatever_the_event(event: str, status: str) -> None:
    failed = chat(status, last_error={"code": 5000, "msg": "broke"})
    reading, _ = read(created(), delta("Half"), (f"conversation.chat.{event}", failed))
    assert isinstance(reading.failure, ChatFailed)
    assert (reading.failure.code, reading.failure.text) == (5000, "Half")


def test_a_chat_event_without_ids_or_data_does_not_forget_the_chat() -> None:
    counts = {"token_count": 9, "input_count": 7, "output_count": 2}
    known = ("conversation.chat.in_progress", chat("in_progress", usage=counts))
    for lost in ("", {"status": "in_progress"}):
        reading, _ = read(created(), known, ("conversation.chat.in_progress", lost), whole=False)
        assert reading.chat is not None
        assert (reading.chat_id, reading.chat.id, reading.chat.conversation_id) == ("7", "7", "8")
        assert reading.chat.usage == Usage(token_count=9, input_count=7, output_count=2)


@pytest.mark.parametrize(
    ("name", "given_out"), [("conversation.hologram", False), ("conversation.message.delta", True)]
)
def test_of_an_event_that_the_end_of_the_connection_cuts_only_a_known_one_is_given_out(
    name: str,
    given_out: bool,
) -> None:
    rest = f"event:{name}\ndata:{json.dumps(message('rn'))}\n".encode()
    _, events = read(created(), delta("Be"), rest=rest)
    assert (name in [event.type for event in events[2:]]) is given_out


def test_the_id_of_the_chat_is_learnt_from_the_first_delta_that_has_it() -> None:
    nameless = {"id": "9", "type": "answer", "content": "Be", "content_type": "text"}
    reading, _ = read(("conversation.message.delta", nameless), whole=False)
    assert reading.chat_id is None
    reading.feed(sse([delta("rn")]))
    assert (reading.chat_id, reading.conversation_id, reading.received.text) == ("7", "8", "Bern")


@pytest.mark.parametrize("data", ["[DONE]", '"[DONE]"'])
def test_a_done_without_a_name_ends_the_stream(data: str) -> None:
    reading, _ = read(created(), completed(message("Bern")), whole=False, rest=f"data:{data}\n\n".encode())
    assert (reading.over, reading.complete) == (True, True)


@pytest.mark.parametrize("data", ["DONE", "[DONE", "{}", '"done"'])
def test_another_event_without_a_name_ends_nothing(data: str) -> None:
    reading, _ = read(created(), completed(message("Bern")), whole=False, rest=f"data:{data}\n\n".encode())
    assert (reading.over, reading.complete) == (False, False)


@pytest.mark.parametrize("state", ["canceled", "cancelled", "requires_action"])
def test_a_chat_that_sends_nothing_more_is_over_although_its_line_is_open(state: str) -> None:
    reading, _ = read(created(), delta("Be"), (f"conversation.chat.{state}", chat(state)), whole=False)
    assert (reading.over, reading.complete, reading.failure) == (True, True, None)


@pytest.mark.parametrize("state", ["created", "in_progress", "completed"])
def test_a_chat_that_may_send_more_is_not_over(state: str) -> None:
    reading, _ = read(created(), (f"conversation.chat.{state}", chat(state)), whole=False)
    assert (reading.over, reading.complete) == (False, state == "completed")


def test_after_an_error_event_nothing_is_asked_and_nothing_cancelled(driver: Driver) -> None:
    broke: Event = ("error", {"code": 5000, "msg": "broke"})
    coze = ScriptedCoze({"/v3/chat": as_stream([created(), delta("Be"), broke])})
    with pytest.raises(ServerError):
        driver.collect(scripted(driver, coze).chats.stream(**ASK))
    assert coze.paths == ["/v3/chat"]


VERBOSE = '{"msg_type": "interrupt", "data": ""}'
TYPES = ["answer", "question", "function_call", "tool_response", "tool_output", "follow_up", "knowledge", ""]


@pytest.mark.parametrize("type_", TYPES)
def test_a_message_is_verbose_by_its_type_and_not_by_its_content(type_: str) -> None:
    assert Message(type=type_, content=VERBOSE).verbose_type == ""
    assert Message(type="verbose", content=VERBOSE).verbose_type == "interrupt"


def test_the_state_of_the_chat_is_that_of_its_last_event() -> None:
    reading, events = read(created(), completed(message("Bern")), end())
    assert reading.chat == Chat.model_validate({**CHAT, "status": "completed"})
    assert [event.chat.status for event in events if event.chat] == ["created", "completed"]
