"""How the events of a chat become its messages and its end: what comes late, twice, in part or not at all."""

from __future__ import annotations

import json

import httpx
import pytest

from coze_client import ChatFailed, NotFound, ServerError, StreamInterrupted
from coze_client.api.chats.chat_event import ChatEvent
from coze_client.api.chats.events import ChatReading
from coze_client.api.chats.stream import sort_messages
from coze_client.api.chats.values import Chat, Usage
from coze_client.api.conversations.values import Message
from tests.support.clients import Driver
from tests.support.scripted_coze import (
    ASK,
    CHAT,
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
    ended,
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
    before = reading.chat_id
    reading.feed(sse([delta("rn")]))
    assert (before, reading.chat_id, reading.conversation_id, reading.received.text) == (None, "7", "8", "Bern")


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


@pytest.mark.parametrize("streamed", ["Bern", " Bern", "Bern\n", "\nBern ", "Be", " Be"])
def test_outer_white_space_may_differ_from_the_completed_message(streamed: str) -> None:
    reading, _ = read(created(), delta(streamed), completed(message("Bern")), end())
    assert (reading.failure, reading.received.text) == (None, "Bern")


@pytest.mark.parametrize("streamed", ["Bexn", "ern", "Berne", "Be rn", "Zürich"])
def test_a_streamed_text_that_does_not_begin_the_completed_one_is_an_error(streamed: str) -> None:
    reading, _ = read(created(), delta(streamed), completed(message("Bern")), end())
    assert isinstance(reading.failure, StreamInterrupted)
    assert reading.failure.text == streamed


def test_the_usage_of_a_studio_is_that_of_its_last_answer() -> None:
    def answer(id_: str, **counts: str) -> dict[str, object]:
        return message("Bern", id_=id_, meta_data=counts)

    first = answer("1", token="9", input_tokens="7", output_tokens="2")
    second = answer("2", token="30", input_tokens="20", output_tokens="10")
    reading, _ = read(created(), completed(first), completed(second), completed(answer("3")), end())
    assert reading.chat is not None
    assert reading.chat.usage == Usage(token_count=30, input_count=20, output_count=10)


ACTION = {"submit_tool_outputs": {"tool_calls": [{"id": "c1", "type": "function"}, {"id": "c2", "type": "function"}]}}


@pytest.mark.parametrize("status", ["created", "in_progress", "completed", "failed", "canceled", ""])
def test_only_a_chat_that_requires_an_action_has_tool_calls(status: str) -> None:
    assert Chat.model_validate(chat(status, required_action=ACTION)).tool_calls == ()
    waiting = Chat.model_validate(chat("requires_action", required_action=ACTION))
    assert [call.id for call in waiting.tool_calls] == ["c1", "c2"]


def test_listed_messages_of_one_second_are_sorted_by_what_a_stream_sends_first() -> None:
    recall = '{"msg_type": "knowledge_recall", "data": ""}'
    finish = '{"msg_type": "generate_answer_finish", "data": ""}'
    listed = [
        Message(id="6", type="follow_up", created_at=2),
        Message(id="5", type="verbose", content=finish, created_at=2),
        Message(id="4", type="answer", created_at=2),
        Message(id="3", type="verbose", content=recall, created_at=2),
        Message(id="2", type="function_call", created_at=2),
        Message(id="1", type="answer", created_at=1),
        Message(id="7", type="hologram", created_at=2),
    ]
    assert [each.id for each in sort_messages(listed)] == ["1", "3", "2", "4", "5", "6", "7"]


@pytest.mark.parametrize(("unknown", "found"), [(0, True), (2, True), (3, False), (9, False)])
def test_a_chat_that_coze_does_not_know_yet_is_asked_for_twice_more(
    driver: Driver, sleeps: list[float], unknown: int, *, found: bool
) -> None:
    missing = [httpx.Response(200, json={"code": 4001, "msg": "no chat"})] * unknown
    polls = iter([*missing, as_json(chat("completed"))])
    coze = ScriptedCoze(
        {"/v3/chat": as_json(chat("created")), **ended(message("Bern")), "/v3/chat/retrieve": lambda: next(polls)}
    )
    poll = scripted(driver, coze, retry=None).chats.create_and_poll
    if found:
        assert driver.run(poll(**ASK)).text == "Bern"
    else:
        with pytest.raises(NotFound):
            driver.run(poll(**ASK))
    assert coze.count("/v3/chat/retrieve") == min(unknown, 2) + 1


def test_the_conversation_in_which_the_chat_really_runs_counts() -> None:
    reading = ChatReading(1 << 20, conversation_id="5")
    before = reading.conversation_id
    reading.feed(sse([created()]))
    assert (before, reading.conversation_id) == ("5", "8")
