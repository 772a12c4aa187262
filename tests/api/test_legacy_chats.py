"""The v2 API with both clients, against the emulator; other responses are written by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coze_client import Message
from coze_client.api.legacy_chats.events import LegacyChatReading
from coze_client.api.legacy_chats.resource import LegacyChats
from coze_client.emulator import faults
from coze_client.errors import (
    APIError,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    CozeError,
    NotFound,
    ProtocolError,
    ServerError,
    StreamInterrupted,
)

PATH = "/open_api/v2/chat"
DONE: dict[str, object] = {"event": "done"}
SHAPES = pytest.mark.parametrize("shape", ["create", "stream"])


def piece(content: str, index: int = 0, *, kind: str = "answer", **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "type": kind, "content": content, "content_type": "text"}
    event = {"event": "message", "message": message, "is_finish": False, "index": index, "conversation_id": "c1"}
    return {**event, **more}


def spelled(*events: object) -> bytes:
    return b"".join(f"data:{json.dumps(event, ensure_ascii=False)}\n\n".encode() for event in events)


def arguments(coze: Any, bot: str = "echo", query: str = "hello there", **more: Any) -> dict[str, Any]:
    return {"bot_id": coze.emulator.bots[bot], "user": "u1", "query": query, **more}


def stream(coze: Any, *given: Any, **more: Any) -> Any:
    return coze.client.legacy_chats.stream(**arguments(coze, *given, **more))


def create(coze: Any, *given: Any, **more: Any) -> Any:
    return coze.run(coze.client.legacy_chats.create(**arguments(coze, *given, **more)))


def ask(coze: Any, shape: str, *given: Any, **more: Any) -> Any:
    """The result of a chat, created or streamed."""
    if shape == "create":
        return create(coze, *given, **more)
    return coze.run(stream(coze, *given, **more).read())


def answer_with(coze: Any, body: bytes) -> None:
    """Make the next stream consist of these bytes."""
    coze.emulator.inject(faults.HttpStatus(200, body, "text/event-stream", {"x-tt-logid": "log1"}), PATH)


def read(body: bytes, size: int = 65536) -> LegacyChatReading:
    """A stream's bytes in chunks of this size."""
    reading = LegacyChatReading(65536)
    for start in range(0, len(body), size):
        reading.feed(body[start : start + size])
    reading.finish()
    return reading


def texts(messages: Any) -> list[tuple[str, str]]:
    return [(message.type, message.content) for message in messages]


# --- what is asked ---


@SHAPES
def test_every_field_is_in_the_body_of_one_request(coze: Any, shape: str) -> None:
    history = [Message.user("one"), Message.assistant("two"), {"role": "assistant", "content": "three", "name": "x"}]
    given = arguments(coze, conversation_id="c9", custom_variables={"name": "Ada"}, chat_history=history)
    ask(coze, shape, conversation_id="c9", custom_variables={"name": "Ada"}, chat_history=history)
    [call] = coze.emulator.calls
    assert (call.method, call.path, call.query) == ("POST", PATH, {})
    assert call.body == {
        **given,
        "chat_history": [
            {"role": "user", "content": "one", "content_type": "text"},
            {"role": "assistant", "type": "answer", "content": "two", "content_type": "text"},
            {"role": "assistant", "type": "answer", "content": "three", "content_type": "text"},
        ],
        "stream": shape == "stream",
    }


@SHAPES
def test_what_is_not_set_is_not_sent(coze: Any, shape: str) -> None:
    ask(coze, shape, conversation_id="")
    assert set(coze.emulator.calls[0].body) == {"bot_id", "user", "query", "stream"}


def test_the_same_call_is_the_same_request() -> None:
    assert LegacyChats.create(bot_id="1", user="u", query="q") == LegacyChats.create(bot_id="1", user="u", query="q")


def test_a_missing_user_is_refused_before_anything_is_sent(coze: Any) -> None:
    with pytest.raises(ConfigurationError, match="user must be a non-empty string"):
        coze.client.legacy_chats.create(**{**arguments(coze), "user": ""})
    assert coze.emulator.calls == []


@SHAPES
def test_custom_variables_reach_the_bot(coze: Any, shape: str) -> None:
    assert ask(coze, shape, query="I am {{name}}", custom_variables={"name": "Ada"}).text == "I am Ada"


# --- what is answered ---


@SHAPES
def test_several_answers_join_and_nothing_else_is_in_the_text(coze: Any, shape: str) -> None:
    for bot in ("several_answers", "follow_ups"):
        chat = ask(coze, shape, bot)
        answers = [content for kind, content in texts(chat.messages) if kind == "answer"]
        assert chat.text == "".join(answers)
        assert len(answers) < len(chat.messages)
        assert chat.conversation_id


@pytest.mark.parametrize("bot", ["echo", "several_answers", "follow_ups"])
def test_a_stream_comes_to_the_same_messages_as_one_answer(coze: Any, bot: str) -> None:
    assert texts(ask(coze, "stream", bot).messages) == texts(ask(coze, "create", bot).messages)


def test_the_deltas_of_a_stream_are_its_text(coze: Any) -> None:
    streamed = stream(coze)
    events = coze.collect(streamed)
    assert "".join(event.delta for event in events) == streamed.text == "hello there"
    assert len([event for event in events if event.delta]) > 1
    assert [event.type for event in events if event.message is None] == ["done"]
    assert streamed.logid


def test_pieces_join_by_index_even_if_messages_interleave(coze: Any) -> None:
    parts = [
        piece("He", 0),
        piece("Wor", 1),
        piece("llo ", 0),
        piece("ld", 1),
        piece("Why?", 2, kind="follow_up"),
        DONE,
    ]
    answer_with(coze, spelled(*parts))
    streamed = coze.run(stream(coze).read())
    assert texts(streamed.messages) == [("answer", "Hello "), ("answer", "World"), ("follow_up", "Why?")]
    assert streamed.text == "Hello World"


def test_a_piece_keeps_its_numbers_and_its_extra_information(coze: Any) -> None:
    second = piece("lo", 3, seq_id=7)
    second["message"]["extra_info"] = {"token": "12", "new": [1]}
    answer_with(coze, spelled(piece("Hel", 3, seq_id=6), second, piece("", 3, seq_id=8, is_finish=True), DONE))
    streamed = stream(coze)
    events = coze.collect(streamed)
    assert [(event.index, event.seq_id, event.is_finish) for event in events[:3]] == [
        (3, 6, False),
        (3, 7, False),
        (3, 8, True),
    ]
    assert json.loads(events[1].data) == second
    assert streamed.messages[0].content == "Hello"
    assert streamed.messages[0].extra_info == {"token": "12", "new": [1]}


def test_a_later_piece_may_leave_out_what_the_first_one_said(coze: Any) -> None:
    bare = {"event": "message", "message": {"content": "lo"}}
    answer_with(coze, spelled(piece("Hel"), bare, DONE))
    streamed = stream(coze)
    assert "".join(event.delta for event in coze.collect(streamed)) == streamed.text == "Hello"


def test_null_fields_count_as_absent(coze: Any) -> None:
    empty = {"event": "message", "message": None, "index": None, "error_information": None, "conversation_id": None}
    answer_with(coze, spelled(empty, piece("Hello", seq_id=None), DONE))
    streamed = coze.run(stream(coze).read())
    assert (streamed.text, streamed.conversation_id) == ("Hello", "c1")


def test_unknown_events_and_keep_alives_do_no_harm(coze: Any) -> None:
    noise = b":keep-alive\n\ndata:\n\nevent:PING\ndata:\n\nevent:hologram\ndata:not JSON\n\n"
    answer_with(coze, noise + spelled({"event": "mood", "code": 0, "colour": "red"}, piece("Hello"), DONE))
    streamed = stream(coze)
    assert [event.type for event in coze.collect(streamed)] == ["hologram", "mood", "message", "done"]
    assert streamed.text == "Hello"


@pytest.mark.parametrize(
    "end", [b"data:[DONE]\n\n", b'data: "[DONE]"\n\n', b'data: {"event": "done"}', b"event:done\ndata:{}"]
)
def test_done_is_understood_in_every_spelling(coze: Any, end: bytes) -> None:
    answer_with(coze, spelled(piece("Hello")) + end)
    streamed = stream(coze)
    assert [event.type for event in coze.collect(streamed)] == ["message", "done"]


def test_nothing_counts_after_done() -> None:
    reading = read(spelled(piece("Hello"), DONE, piece(" again"), {"event": "error"}) + b"data:{")
    assert (texts(reading.messages), reading.failure) == ([("answer", "Hello")], None)


def test_the_pieces_in_which_bytes_arrive_change_nothing() -> None:
    body = spelled(piece("Grüße,\u2028"), piece("世界 🌍"), piece("{}", 1, kind="function_call"), DONE)
    expected = [("answer", "Grüße,\u2028世界 🌍"), ("function_call", "{}")]
    for size in range(1, len(body)):
        reading = read(body, size)
        assert (texts(reading.messages), reading.complete) == (expected, True)


def test_stopping_early_closes_the_line(coze: Any) -> None:
    [first] = coze.collect(stream(coze, "slow"), limit=1)
    assert first.delta
    coze.emulator.wait_until(lambda: coze.emulator.open_streams == 0)
    assert len(coze.emulator.calls) == 1


# --- what goes wrong ---


@SHAPES
def test_a_refusal_tells_code_logid_and_cure(coze: Any, shape: str) -> None:
    with pytest.raises(NotFound) as caught:
        ask(coze, shape, bot_id="404")
    assert caught.value.code == 4006
    assert caught.value.logid
    assert caught.value.cure


@SHAPES
def test_a_wrong_token_is_reported(coze: Any, shape: str) -> None:
    coze.emulator.revoke(coze.emulator.token)
    with pytest.raises(AuthenticationError):
        ask(coze, shape)


@SHAPES
def test_a_failing_bot_raises_and_is_not_asked_twice(coze: Any, shape: str) -> None:
    with pytest.raises(ServerError, match="model unavailable") as caught:
        ask(coze, shape, "failing")
    assert caught.value.code == 5000
    assert coze.emulator.chats_started == 1


@pytest.mark.parametrize(
    ("event", "code", "message"),
    [
        ({"event": "error", "error_information": {"code": 4006, "msg": "no bot"}}, 4006, "no bot"),
        ({"event": "error", "error_information": {"err_code": 4006, "err_msg": "no bot"}}, 4006, "no bot"),
        ({"event": "error", "error_information": {"code": "4006", "msg": "no bot"}}, 4006, "no bot"),
        ({"event": "error", "code": 4006, "msg": "no bot"}, 4006, "no bot"),
        ({"event": "error", "err_code": 4006, "err_msg": "no bot"}, 4006, "no bot"),
        ({"code": 4006, "msg": "no bot"}, 4006, "no bot"),
        ({"event": "error", "error_information": None}, None, "without a message"),
    ],
)
def test_an_error_event_is_raised_in_each_of_its_spellings(
    coze: Any, event: dict[str, object], code: int | None, message: str
) -> None:
    answer_with(coze, spelled(piece("Hel"), event))
    streamed = stream(coze)
    with pytest.raises(APIError, match=message) as caught:
        coze.collect(streamed)
    assert (caught.value.code, caught.value.logid) == (code, "log1")
    assert isinstance(caught.value, NotFound) == (code == 4006)
    assert streamed.text == "Hel"


def test_an_error_event_may_bring_its_own_logid(coze: Any) -> None:
    answer_with(coze, spelled({"event": "error", "code": 5000, "msg": "no", "detail": {"logid": "log2"}}))
    with pytest.raises(ServerError, match="log2"):
        coze.collect(stream(coze))


def test_a_refusal_under_the_name_of_a_stream_is_a_refusal(coze: Any) -> None:
    answer_with(coze, b'{"code": 4006, "msg": "no bot"}')
    with pytest.raises(NotFound, match="no bot") as caught:
        coze.collect(stream(coze))
    assert caught.value.logid == "log1"


def test_a_web_page_under_the_name_of_a_stream_is_reported(coze: Any) -> None:
    answer_with(coze, b"<html><body>Sign in</body></html>")
    with pytest.raises(ProtocolError, match="Sign in"):
        coze.collect(stream(coze))


def test_malformed_json_is_reported_and_what_came_before_it_delivered(coze: Any) -> None:
    answer_with(coze, spelled(piece("Hel")) + b'data:{"event":\n\n' + spelled(piece("lo"), DONE))
    streamed = stream(coze)
    with pytest.raises(ProtocolError, match="malformed JSON"):
        coze.collect(streamed)
    assert streamed.text == "Hel"


@SHAPES
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.Html(502), ServerError),
        (faults.Html(200), ProtocolError),
        (faults.EmptyBody(), ProtocolError),
        (faults.Coded(5000), ServerError),
        (faults.HttpStatus(503), ServerError),
        (faults.DropConnection(), ConnectionFailed),
    ],
)
def test_a_chat_that_may_have_started_is_not_started_again(
    coze: Any, shape: str, fault: Any, error: type[CozeError]
) -> None:
    coze.emulator.inject(faults.AfterStart(fault), PATH)
    with pytest.raises(error):
        ask(coze, shape)
    assert coze.emulator.chats_started == 1
    assert len(coze.emulator.calls) == 1


@SHAPES
def test_a_chat_that_cannot_have_started_is_tried_again(coze: Any, shape: str) -> None:
    coze.emulator.inject(faults.HttpStatus(429, headers={"Retry-After": "0"}), PATH)
    assert ask(coze, shape).text == "hello there"
    assert coze.emulator.chats_started == 1


@pytest.mark.parametrize("clean", [True, False])
def test_a_cut_stream_reports_what_arrived_and_is_not_started_again(coze: Any, clean: bool) -> None:
    coze.emulator.inject(faults.CutAfterEvents(1, clean=clean), PATH)
    streamed = stream(coze)
    with pytest.raises(StreamInterrupted, match="cannot return the rest") as caught:
        coze.collect(streamed)
    error = caught.value
    assert error.text == streamed.text == "hello "
    assert texts(error.messages) == [("answer", "hello ")]
    assert error.conversation_id == streamed.conversation_id
    assert error.conversation_id
    assert error.logid == streamed.logid
    assert error.logid
    assert coze.emulator.chats_started == 1
    assert len(coze.emulator.calls) == 1


def test_a_stream_cut_before_its_first_event_knows_the_conversation_it_was_given(coze: Any) -> None:
    coze.emulator.inject(faults.CutAfterBytes(10), PATH)
    with pytest.raises(StreamInterrupted) as caught:
        coze.collect(stream(coze, conversation_id="c9"))
    assert (caught.value.text, caught.value.conversation_id) == ("", "c9")


def test_a_cut_after_any_byte_is_no_clean_end() -> None:
    body = spelled(piece("Hello "), piece("world"), piece("Why?", 1, kind="follow_up"), DONE)
    last = len(body.rstrip())
    for cut in range(last):
        reading = LegacyChatReading(65536)
        reading.feed(body[:cut])
        reading.finish()
        assert (reading.complete, reading.failure) == (False, None)
        assert "Hello world".startswith("".join(message.content for message in reading.messages[:1]))
    assert read(body[:last]).complete
