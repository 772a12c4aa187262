"""What ends a stream, and what does not: errors, ends without data, a `done` that comes too early; on both clients."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client import ChatFailed, CozeError, Message
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
    received = getattr(reading, "received", reading)
    return type(failure), failure.code, failure.message, failure.text, received.messages, reading.complete


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
