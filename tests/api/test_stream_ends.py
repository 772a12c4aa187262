"""What ends a stream, and what does not: errors, ends without data, a `done` that comes too early; on both clients."""

from __future__ import annotations

import contextlib
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client import ChatFailed, Message, StreamInterrupted
from coze_client.api.chats.events import ChatReading
from coze_client.api.legacy_chats.events import LegacyChatReading
from coze_client.api.workflows.events import WorkflowReading
from coze_client.core.reading import Reading
from tests.support.clients import Driver
from tests.support.scripted_coze import (
    DONE,
    Event,
    ScriptedCoze,
    as_json,
    as_stream,
    chat,
    completed,
    created,
    delta,
    end,
    message,
    sse,
)

ASK = {"bot_id": "1", "user_id": "u", "additional_messages": [Message.user("hi")]}


def scripted(driver: Driver, responses: dict[str, Any]) -> tuple[Any, ScriptedCoze]:
    coze = ScriptedCoze(responses)
    return driver.client("t", base_url="http://coze", transport=httpx.MockTransport(coze)), coze


# --- an error is the end ---

ERROR: Event = ("error", {"code": 5000, "msg": "broke"})
FAILED: Event = ("conversation.chat.failed", chat("failed", last_error={"code": 5000, "msg": "broke"}))
RUN_ERROR: Event = ("Error", {"error_code": 5000, "error_message": "broke"})
V2_ERROR: Event = ("error", {"event": "error", "error_information": {"code": 5000, "msg": "broke"}})
NODE: Event = ("Message", {"content": "Half", "node_title": "End", "node_seq_id": "0"})
V2_PART: Event = (
    "message",
    {"event": "message", "message": {"role": "assistant", "type": "answer", "content": "Half"}, "is_finish": True},
)
AFTER_CHAT: list[Event] = [
    completed(message("Half and whole")),
    end(),
    DONE,
    ("error", {"code": 4000, "msg": "another"}),
    ("conversation.chat.failed", chat("failed", last_error={"code": 4000, "msg": "another"})),
    ("conversation.message.delta", "{oops"),
    ("done", ""),
    ("conversation.chat.completed", ""),
]
AFTER_RUN: list[Event] = [
    ("Done", {"debug_url": "https://d"}),
    ("Error", {"error_code": 4000, "error_message": "another"}),
    ("Interrupt", {"interrupt_data": {"event_id": "1", "type": 2, "data": ""}}),
    ("Message", {"content": " and whole", "node_title": "End"}),
    ("Message", "{oops"),
]
AFTER_V2: list[Event] = [
    ("done", {"event": "done"}),
    ("error", {"event": "error", "error_information": {"code": 4000, "msg": "another"}}),
    ("message", {"event": "message", "message": {"type": "answer", "content": "!"}, "is_finish": True, "index": 1}),
    ("message", "{oops"),
]
FAILING: list[tuple[type[Any], list[Event], list[Event]]] = [
    (ChatReading, [created(), delta("Half"), ERROR], AFTER_CHAT),
    (ChatReading, [created(), delta("Half"), FAILED], AFTER_CHAT),
    (ChatReading, [created(), delta("Half"), ("conversation.message.delta", "{oops")], AFTER_CHAT),
    (WorkflowReading, [NODE, RUN_ERROR], AFTER_RUN),
    (WorkflowReading, [NODE, ("Message", "{oops")], AFTER_RUN),
    (LegacyChatReading, [V2_PART, V2_ERROR], AFTER_V2),
    (LegacyChatReading, [V2_PART, ("message", "{oops")], AFTER_V2),
]


def state(reading: Reading[Any]) -> tuple[object, ...]:
    """What a reader of the stream sees at its end."""
    failure = reading.failure
    assert failure is not None
    messages = getattr(getattr(reading, "received", reading), "messages", None)
    return type(failure), failure.code, failure.message, failure.text, messages, reading.complete


@given(st.sampled_from(FAILING), st.data())
def test_nothing_that_follows_an_error_changes_it(
    failing: tuple[type[Any], list[Event], list[Event]], data: st.DataObject
) -> None:
    kind, events, after = failing
    alone = kind(1 << 20)
    alone.feed(sse(events))
    alone.finish()
    followed = kind(1 << 20)
    body = sse([*events, *data.draw(st.lists(st.sampled_from(after), min_size=1, max_size=4))])
    body = body[: data.draw(st.integers(len(sse(events)), len(body)))]  # the last event may lack its end
    size = data.draw(st.sampled_from([1, 7, 60, len(body)]))
    for start in range(0, len(body), size):
        followed.feed(body[start : start + size])
        if followed.over:
            break
    assert followed.finish() == []
    assert state(followed) == state(alone)


@given(st.sampled_from([*AFTER_CHAT[3:6]]), st.integers(0, 400))
def test_nothing_that_follows_done_makes_a_failure_of_the_chat(event: Event, cut: int) -> None:
    reading = ChatReading(1 << 20)
    reading.feed(sse([created(), completed(message("Bern")), end(), DONE]) + sse([event])[:cut])
    reading.finish()
    assert (reading.complete, reading.failure, reading.received.text) == (True, None, "Bern")


# --- an event of a chat without its data ---

STATES = ["created", "in_progress", "completed", "requires_action", "canceled"]
ENDED = {
    "/v3/chat/retrieve": as_json(chat("completed")),
    "/v3/chat/message/list": as_json([message("Take half a tablet")]),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("tail", ["\n\n", "data:\n\n", "data: \n\n", "data:", "\ndata"])
def test_an_event_of_a_chat_without_data_does_not_end_it(driver: Driver, state: str, tail: str) -> None:
    begun = sse([created(), delta("Take half")])
    body = httpx.ByteStream(begun + f"event:conversation.chat.{state}\n{tail}".encode())
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=body)
    client, coze = scripted(driver, {"/v3/chat": response, **ENDED})
    asked = client.chats.stream(**ASK)
    assert "".join(event.delta for event in driver.collect(asked)) == asked.text == "Take half a tablet"
    assert (asked.chat_id, asked.chat.status) == ("7", "completed")
    assert coze.count("/v3/chat") == 1


@pytest.mark.parametrize("state", STATES)
def test_an_event_of_a_chat_without_data_does_not_forget_it(state: str) -> None:
    reading = ChatReading(1 << 20)
    reading.feed(sse([(f"conversation.chat.{state}", "")]))
    assert reading.chat is None
    reading.feed(sse([created(), (f"conversation.chat.{state}", "")]))
    assert reading.chat is not None
    assert reading.chat.id == "7"
    assert not reading.complete


def test_a_failure_without_data_is_one_and_is_asked_for_if_it_was_cut(driver: Driver) -> None:
    whole = [created(), completed(message("Bern")), ("conversation.chat.failed", ""), DONE]
    client, _ = scripted(driver, {"/v3/chat": as_stream(whole)})
    with pytest.raises(ChatFailed) as caught:
        driver.run(client.chats.stream(**ASK).read())
    assert (caught.value.chat_id, caught.value.text) == ("7", "Bern")
    body = httpx.ByteStream(sse(whole[:2]) + b"event:conversation.chat.failed\nda")
    failed = as_json(chat("failed", last_error={"code": 5000, "msg": "broke"}))
    client, _ = scripted(driver, {"/v3/chat": httpx.Response(200, stream=body), "/v3/chat/retrieve": failed})
    with pytest.raises(ChatFailed) as caught:
        driver.run(client.chats.stream(**ASK).read())
    assert (caught.value.code, caught.value.text) == (5000, "Bern")


# --- done comes too early ---

EARLY: dict[str, list[Event]] = {
    "a message without its end": [created(), delta("Take half"), DONE],
    "its second message without its end": [
        created(),
        completed(message("First. ", id_="1", created_at=1)),
        delta("Take half"),
        DONE,
    ],
    "no message": [created(), DONE],
    "the end without data": [created(), delta("Take half"), ("conversation.chat.completed", ""), DONE],
    "no end at all": [created(), delta("Take half")],
}


@pytest.mark.parametrize("events", EARLY.values(), ids=EARLY)
def test_an_end_before_the_messages_are_whole_asks_for_them(driver: Driver, events: list[Event]) -> None:
    first = [each for name, each in events if name == "conversation.message.completed"]
    listed = as_json([message("Take half a tablet", created_at=2), *first])
    client, coze = scripted(driver, {"/v3/chat": as_stream(events), **ENDED, "/v3/chat/message/list": listed})
    asked = client.chats.stream(**ASK)
    text = "First. " * len(first) + "Take half a tablet"
    assert "".join(event.delta for event in driver.collect(asked)) == asked.text == text
    assert asked.chat.status == "completed"
    assert coze.paths == ["/v3/chat", "/v3/chat/retrieve", "/v3/chat/message/list"]


@pytest.mark.parametrize("events", [each for name, each in EARLY.items() if name != "no message"])
@pytest.mark.parametrize(
    "responses",
    [
        {"/v3/chat/message/list": as_json([message("Other", id_="5")])},
        {"/v3/chat/message/list": httpx.Response(404)},
        {"/v3/chat/retrieve": httpx.Response(404)},
    ],
    ids=["not listed", "no list", "no chat"],
)
def test_what_cannot_be_asked_for_is_an_error_with_all_that_came(
    driver: Driver, events: list[Event], responses: dict[str, httpx.Response]
) -> None:
    client, coze = scripted(driver, {"/v3/chat": as_stream(events), **ENDED, **responses})
    with pytest.raises(StreamInterrupted) as caught:
        driver.run(client.chats.stream(**ASK).read())
    error = caught.value
    assert error.text.endswith("Take half")
    assert (error.messages[-1].content, error.chat_id, error.conversation_id) == ("Take half", "7", "8")
    assert error.logid == "log1"
    assert coze.count("/v3/chat") == 1


@pytest.mark.parametrize("events", EARLY.values(), ids=EARLY)
def test_a_chatflow_that_ends_before_its_messages_are_whole_is_interrupted(driver: Driver, events: list[Event]) -> None:
    client, coze = scripted(driver, {"/v1/workflows/chat": as_stream(events)})
    with pytest.raises(StreamInterrupted) as caught:
        driver.run(client.workflows.chat(workflow_id="5", bot_id="1", additional_messages=[]).read())
    error = caught.value
    assert "Take half".endswith(error.text[-9:])
    assert (error.chat_id, error.conversation_id) == ("7", "8")
    assert coze.paths == ["/v1/workflows/chat"]


def test_an_answer_without_an_id_of_its_chat_cannot_be_asked_for(driver: Driver) -> None:
    nameless: Event = ("conversation.message.delta", {"id": "9", "type": "answer", "content": "Take half"})
    client, coze = scripted(driver, {"/v3/chat": as_stream([nameless, DONE])})
    with pytest.raises(StreamInterrupted, match="id had not arrived") as caught:
        driver.run(client.chats.stream(**ASK).read())
    assert caught.value.text == "Take half"
    assert coze.paths == ["/v3/chat"]


def test_done_after_whole_messages_needs_no_other_end(driver: Driver) -> None:
    client, coze = scripted(driver, {"/v3/chat": as_stream([created(), delta("Be"), completed(message("Bern")), DONE])})
    assert driver.run(client.chats.stream(**ASK).read()).text == "Bern"
    assert coze.paths == ["/v3/chat"]


# --- what may be an answer ---


@pytest.mark.parametrize("spelling", ["completed", "compleated"])
def test_every_spelling_of_completed_needs_an_answer(driver: Driver, spelling: str) -> None:
    for answer, listed in (("Bern", [message("Bern")]), ("", [])):
        ended = {"/v3/chat/retrieve": as_json(chat(spelling)), "/v3/chat/message/list": as_json(listed)}
        for start in ([created()], [created(), end(spelling)], [created(), end(spelling), DONE]):
            events = [*start[:1], *map(completed, listed), *start[1:]]
            client, coze = scripted(driver, {"/v3/chat": as_stream(events), **ended})
            asked = client.chats.stream(**ASK)
            with contextlib.nullcontext() if answer else pytest.raises(ChatFailed, match="without an answer"):
                driver.run(asked.read())
            assert asked.text == answer
            assert "/v3/chat/cancel" not in coze.paths


@pytest.mark.parametrize("name", ["heartbeat", "", "message", "keep-alive", "conversations"])
def test_an_unknown_event_of_a_gateway_is_no_answer(driver: Driver, name: str) -> None:
    client, _ = scripted(driver, {"/v3/chat": as_stream([created(), (name, "{}"), end(), DONE])})
    with pytest.raises(ChatFailed, match="without an answer"):
        driver.run(client.chats.stream(**ASK).read())


@pytest.mark.parametrize("name", ["conversation.card.delta", "conversation.message.thinking"])
def test_an_unknown_event_of_a_conversation_may_be_the_answer_only_if_it_is_not_listed(
    driver: Driver, name: str
) -> None:
    begun: list[Event] = [created(), (name, "{}")]
    client, _ = scripted(driver, {"/v3/chat": as_stream([*begun, end(), DONE])})
    assert driver.run(client.chats.stream(**ASK).read()).chat.status == "completed"
    broken = as_stream(begun, broken=True)
    client, _ = scripted(driver, {"/v3/chat": broken, **ENDED, "/v3/chat/message/list": as_json([])})
    with pytest.raises(ChatFailed, match="without an answer"):
        driver.run(client.chats.stream(**ASK).read())
