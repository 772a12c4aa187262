"""An answer is whole, or it is an error with what arrived: in every way of reading it, on both clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client import ChatFailed, CozeError, Message, ProtocolError, StreamInterrupted
from coze_client.api.chats.events import ChatReading
from tests.support.clients import Driver
from tests.support.scripted_coze import (
    ASK,
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
    verbose,
    whole_stream,
)

Read = Callable[[Driver, Any], Any]
NO_ANSWER = {
    "nothing": [],
    "a question": [message("hi", "question")],
    "a plugin call": [message("{}", "function_call"), message("{}", "tool_response", "11")],
    "recalled slices": [message("recall", "knowledge")],
    "another verbose message": [verbose("knowledge_recall")],
    "a follow-up": [message("And then?", "follow_up")],
    "a message without type": [message("text", "")],
}
ANSWERED = {
    "text": [message("Bern")],
    "an empty text": [message("")],
    "a card": [message("{}", content_type="card")],
    "the end of the answers": [verbose("generate_answer_finish")],
    "a workflow's question": [verbose("interrupt")],
    "an unknown type": [message("Bern", "video")],
}


def streamed(driver: Driver, client: Any) -> Any:
    return driver.run(client.chats.stream(**ASK).read())


def submitted(driver: Driver, client: Any) -> Any:
    output = [{"tool_call_id": "c", "output": "x"}]
    calls = client.chats.stream_tool_outputs(conversation_id="8", chat_id="7", tool_outputs=output)
    return driver.run(calls.read())


def polled(driver: Driver, client: Any) -> Any:
    return driver.run(client.chats.create_and_poll(**ASK))


def chatflow(driver: Driver, client: Any) -> Any:
    flow = client.workflows.chat(workflow_id="5", bot_id="1", additional_messages=[Message.user("hi")])
    return driver.run(flow.read())


STREAM_PATHS: dict[Read, str] = {
    streamed: "/v3/chat",
    submitted: "/v3/chat/submit_tool_outputs",
    chatflow: "/v1/workflows/chat",
}


# --- a completed chat has an answer ---


@pytest.mark.parametrize("messages", NO_ANSWER.values(), ids=NO_ANSWER)
@pytest.mark.parametrize("read", STREAM_PATHS)
def test_a_stream_that_ends_without_an_answer_is_a_failed_chat(
    driver: Driver, read: Read, messages: list[dict[str, object]]
) -> None:
    coze = ScriptedCoze({STREAM_PATHS[read]: as_stream(whole_stream(*messages))})
    with pytest.raises(ChatFailed, match="without an answer") as caught:
        read(driver, scripted(driver, coze))
    error = caught.value
    assert (error.chat_id, error.conversation_id, error.logid) == ("7", "8", "log1")
    assert error.chat is not None
    assert error.chat.status == "completed"
    assert "/v3/chat/cancel" not in coze.paths


@pytest.mark.parametrize("messages", ANSWERED.values(), ids=ANSWERED)
@pytest.mark.parametrize("read", STREAM_PATHS)
def test_a_stream_with_an_answer_or_the_statement_that_there_is_none_is_whole(
    driver: Driver, read: Read, messages: list[dict[str, object]]
) -> None:
    coze = ScriptedCoze({STREAM_PATHS[read]: as_stream(whole_stream(*messages))})
    assert read(driver, scripted(driver, coze)).chat.status == "completed"


def polled_and_recovered(messages: list[dict[str, object]]) -> Iterator[tuple[ScriptedCoze, Read]]:
    """A chat that is polled, and one whose stream breaks: the server lists these messages of both."""
    yield ScriptedCoze({"/v3/chat": as_json(chat("in_progress")), **ended(*messages)}), polled
    yield ScriptedCoze({"/v3/chat": as_stream([created()], broken=True), **ended(*messages)}), streamed


@pytest.mark.parametrize("messages", NO_ANSWER.values(), ids=NO_ANSWER)
def test_a_polled_or_recovered_chat_without_an_answer_is_a_failed_chat(
    driver: Driver, sleeps: list[float], messages: list[dict[str, object]]
) -> None:
    for coze, read in polled_and_recovered(messages):
        with pytest.raises(ChatFailed, match="without an answer") as caught:
            read(driver, scripted(driver, coze))
        assert (caught.value.chat_id, caught.value.conversation_id) == ("7", "8")
        assert coze.count("/v3/chat") == 1


@pytest.mark.parametrize("messages", ANSWERED.values(), ids=ANSWERED)
def test_a_polled_or_recovered_chat_with_an_answer_is_whole(
    driver: Driver, sleeps: list[float], messages: list[dict[str, object]]
) -> None:
    for coze, read in polled_and_recovered(messages):
        assert read(driver, scripted(driver, coze)).chat.status == "completed"


def test_a_chat_that_is_cancelled_or_waits_needs_no_answer(driver: Driver) -> None:
    for status in ("canceled", "requires_action"):
        coze = ScriptedCoze({"/v3/chat": as_stream([created(), end(status), DONE])})
        assert streamed(driver, scripted(driver, coze)).chat.status == status


# --- a message that deltas began is there ---


@pytest.mark.parametrize("broken", [True, False], ids=["connection lost", "ended early"])
@pytest.mark.parametrize("listed", [[], [message("hi", "question", "1")], [message("Other", id_="12")]])
def test_a_message_that_began_and_is_not_listed_is_no_answer(
    driver: Driver, broken: bool, listed: list[dict[str, object]]
) -> None:
    events = [created(), delta("Take half a "), delta("tablet")]
    coze = ScriptedCoze({"/v3/chat": as_stream(events, broken=broken), **ended(*listed)})
    with pytest.raises(StreamInterrupted, match="does not list message 9") as caught:
        streamed(driver, scripted(driver, coze))
    error = caught.value
    assert (error.text, error.chat_id, error.conversation_id) == ("Take half a tablet", "7", "8")
    assert [each.content for each in error.messages] == ["Take half a tablet"]
    assert coze.count("/v3/chat") == 1


def test_one_of_several_messages_that_is_not_listed_is_found(driver: Driver) -> None:
    events = [created(), completed(message("First. ", id_="8")), delta("Sec", id_="9")]
    coze = ScriptedCoze({"/v3/chat": as_stream(events, broken=True), **ended(message("First. ", id_="8"))})
    with pytest.raises(StreamInterrupted) as caught:
        streamed(driver, scripted(driver, coze))
    assert caught.value.text == "First. Sec"


# --- deltas agree with the completed message ---

words = st.lists(st.text(alphabet="abcé \n🌊", min_size=1, max_size=4), min_size=2, max_size=8)


def read_whole(events: list[Event]) -> ChatReading:
    reading = ChatReading(1 << 24)
    reading.feed(sse(events))
    reading.finish()
    return reading


@given(words, st.data())
def test_a_lost_delta_is_never_given_out_as_whole(parts: list[str], data: st.DataObject) -> None:
    lost = data.draw(st.integers(0, len(parts) - 2))
    kept = [part for index, part in enumerate(parts) if index != lost]
    whole, streamed_text = "".join(parts), "".join(kept)
    reading = read_whole([created(), *map(delta, kept), completed(message(whole)), end(), DONE])
    if whole.startswith(streamed_text) or whole.lstrip().startswith(streamed_text.lstrip()):
        assert reading.failure is None  # what is lost can be told from the end: the stream gives it out
        return
    error = reading.failure
    assert isinstance(error, StreamInterrupted)
    assert (error.text, error.messages[0].content, error.chat_id) == (streamed_text, whole, "7")


@given(words, st.sampled_from(["", " ", "\n\n"]), st.sampled_from(["", " ", "\n"]))
def test_a_difference_in_outer_white_space_is_none(parts: list[str], before: str, after: str) -> None:
    whole = "".join(parts)
    for streamed_text, stored in ((before + whole + after, whole.strip()), (whole, before + whole + after)):
        reading = read_whole([created(), delta(streamed_text), completed(message(stored)), end(), DONE])
        assert reading.failure is None
        assert reading.received.text == stored


@given(words, st.integers(0, 7))
def test_what_the_end_of_a_message_lacks_is_given_out(parts: list[str], count: int) -> None:
    reading = ChatReading(1 << 24)
    events = reading.feed(sse([created(), *map(delta, parts[:count]), completed(message("".join(parts)))]))
    assert "".join(event.delta for event in events) == "".join(parts)


@pytest.mark.parametrize("read", STREAM_PATHS)
def test_every_stream_raises_for_deltas_that_contradict_the_message(driver: Driver, read: Read) -> None:
    events = [created(), delta("Take "), delta("tablets"), completed(message("Take no tablets")), end(), DONE]
    coze = ScriptedCoze({STREAM_PATHS[read]: as_stream(events)})
    with pytest.raises(StreamInterrupted, match="contradicts") as caught:
        read(driver, scripted(driver, coze))
    assert caught.value.text == "Take tablets"
    assert [each.content for each in caught.value.messages] == ["Take no tablets"]


def test_reasoning_with_a_hole_is_no_whole_answer_either() -> None:
    thought = [delta("", reasoning_content=part) for part in ("One. ", "Three.")]
    whole = message("So", reasoning_content="One. Two. Three.")
    reading = read_whole([created(), *thought, delta("So"), completed(whole), end(), DONE])
    assert isinstance(reading.failure, StreamInterrupted)


def test_a_first_delta_without_type_loses_no_text() -> None:
    untyped = ("conversation.message.delta", {"id": "9", "content": "Be"})
    reading = ChatReading(1 << 24)
    events = reading.feed(sse([created(), untyped, completed(message("Bern"))]))
    assert "".join(event.delta for event in events) == "Bern"


# --- errors keep what came ---


def test_an_error_in_a_stream_keeps_the_text_and_the_ids(driver: Driver) -> None:
    events = [created(), delta("Half an ans"), ("error", {"code": 5000, "msg": "broke"})]
    coze = ScriptedCoze({"/v3/chat": as_stream(events)})
    with pytest.raises(CozeError) as caught:
        streamed(driver, scripted(driver, coze))
    error = caught.value
    assert (error.text, error.chat_id, error.conversation_id, error.code) == ("Half an ans", "7", "8", 5000)


def test_malformed_data_in_a_stream_keeps_the_text_and_the_ids(driver: Driver) -> None:
    broken = as_stream([created(), delta("Half"), ("conversation.message.delta", "{oops")])
    coze = ScriptedCoze({"/v3/chat": broken})
    with pytest.raises(ProtocolError) as caught:
        streamed(driver, scripted(driver, coze))
    assert (caught.value.text, caught.value.chat_id) == ("Half", "7")


# --- v2 ---


def v2_event(content: str, *, finish: bool = True, type_: str = "answer", index: int = 0) -> Event:
    part = {"role": "assistant", "type": type_, "content": content, "content_type": "text"}
    event = {"event": "message", "message": part, "is_finish": finish, "index": index, "conversation_id": "8"}
    return "message", event


V2_DONE: Event = ("done", {"event": "done"})


def v2_streamed(driver: Driver, client: Any) -> Any:
    return driver.run(client.legacy_chats.stream(bot_id="1", user="u", query="hi").read())


def v2_waited(driver: Driver, client: Any) -> Any:
    return driver.run(client.legacy_chats.create(bot_id="1", user="u", query="hi"))


@pytest.mark.parametrize("read", [v2_streamed, v2_waited])
@pytest.mark.parametrize("type_", ["function_call", "follow_up", "knowledge", ""])
def test_a_v2_chat_without_an_answer_failed(driver: Driver, read: Read, type_: str) -> None:
    said = {"role": "assistant", "type": type_, "content": "x", "content_type": "text"}
    for response in (
        as_stream([v2_event("x", type_=type_), V2_DONE]),
        as_json(None, messages=[said], conversation_id="8"),
    ):
        with pytest.raises(ChatFailed, match="without an answer"):
            read(driver, scripted(driver, ScriptedCoze({"/open_api/v2/chat": response})))


@pytest.mark.parametrize("read", [v2_streamed, v2_waited])
def test_a_v2_message_without_its_last_part_is_not_whole(driver: Driver, read: Read) -> None:
    events = [v2_event("First."), v2_event("Sec", finish=False, index=1), V2_DONE]
    with pytest.raises(StreamInterrupted, match="last part") as caught:
        read(driver, scripted(driver, ScriptedCoze({"/open_api/v2/chat": as_stream(events)})))
    assert caught.value.text == "First.Sec"


def test_a_v2_server_that_never_marks_the_last_part_is_believed(driver: Driver) -> None:
    events = [v2_event("Be", finish=False), v2_event("rn", finish=False), V2_DONE]
    coze = ScriptedCoze({"/open_api/v2/chat": as_stream(events)})
    assert v2_streamed(driver, scripted(driver, coze)).text == "Bern"
