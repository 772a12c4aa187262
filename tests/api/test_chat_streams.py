"""Chat streams: their events, ends, failures and error responses."""

from __future__ import annotations

from typing import Any

import pytest

from coze_client import (
    ChatFailed,
    CozeError,
    InvalidRequest,
    Message,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    ServerError,
    StreamInterrupted,
    TimedOut,
)
from coze_client.emulator import faults
from coze_client.emulator.protocol.fault import Fault
from coze_client.emulator.scripts import Answer, Audio, Extra, Turn
from tests.support.clients import ConnectedClient, Driver
from tests.support.raw_server import RawServer, stream

DONE = b"event:done\ndata:[DONE]\n\n"
CHAT = b'{"id":"7","conversation_id":"8","status":"%s"}'
BEGIN = b"event:conversation.chat.created\ndata:" + CHAT % b"created" + b"\n\n"
COMPLETED = b"event:conversation.chat.completed\ndata:" + CHAT % b"completed" + b"\n\n"


def delta(text: bytes) -> bytes:
    message = b'{"id":"9","conversation_id":"8","chat_id":"7","role":"assistant","type":"answer","content":"%s"}' % text
    return b"event:conversation.message.delta\ndata:" + message + b"\n\n"


def chat(client: Any, **options: Any) -> Any:
    return client.chats.stream(bot_id="1", user_id="u", additional_messages=[Message.user("hi")], **options)


def names(events: list[Any]) -> list[str]:
    return [event.type.removeprefix("conversation.") for event in events]


# --- the whole of it ---


def test_a_chat_streams_typed_events_and_ends_with_all_that_was_said(coze: ConnectedClient) -> None:
    asked = coze.ask("one two three")
    assert (asked.chat_id, asked.conversation_id, asked.logid, asked.chat, asked.text) == (None, None, None, None, "")
    events = coze.collect(asked)
    assert names(events[:2]) == ["chat.created", "chat.in_progress"]
    assert names(events[-2:]) == ["chat.completed", "done"]
    assert "".join(event.delta for event in events) == asked.text == "one two three"
    assert asked.chat.status == "completed"
    assert asked.chat.usage.token_count > 0
    assert (asked.chat.id, asked.chat.conversation_id) == (asked.chat_id, asked.conversation_id)
    assert asked.logid
    assert [message.type for message in asked.messages] == ["answer", "verbose"]
    assert events[0].data.startswith(b"{")
    assert [event.message.content for event in events[2:5]] == ["one ", "two ", "three"]
    assert "delta='one '" in repr(events[2])


def test_reading_to_the_end_is_one_call(coze: ConnectedClient) -> None:
    assert coze.run(coze.ask("all at once").read()).text == "all at once"


@pytest.mark.parametrize(
    ("bot", "text", "types"),
    [
        ("reasoner", "After some thought: hi", ["answer", "verbose"]),
        ("follow_ups", "You asked: hi", ["answer", "verbose", "follow_up", "follow_up", "follow_up"]),
        (
            "several_answers",
            "Let me look that up. I found it: 42.",
            ["answer", "function_call", "tool_response", "answer", "verbose"],
        ),
    ],
)
def test_several_messages_of_a_chat_join_to_its_text(
    coze: ConnectedClient, bot: str, text: str, types: list[str]
) -> None:
    asked = coze.run(coze.ask("hi", bot=bot).read())
    assert asked.text == text
    assert [message.type for message in asked.messages] == types


def test_reasoning_is_separate_from_the_answer(coze: ConnectedClient) -> None:
    asked = coze.ask("hi", bot="reasoner")
    events = coze.collect(asked)
    thoughts = "".join(event.reasoning for event in events)
    assert thoughts.endswith("Done thinking.")
    assert asked.messages[0].reasoning_content == thoughts
    assert "thinking" not in asked.text


def test_a_chat_that_waits_for_tools_says_so_and_goes_on_with_their_outputs(coze: ConnectedClient) -> None:
    asked = coze.run(coze.ask("the weather in Bern and Rome", bot="plugins").read())
    calls = asked.chat.tool_calls
    assert [(call.function.name, call.function.arguments) for call in calls] == [
        ("get_weather", '{"city":"Bern"}'),
        ("get_weather", '{"city":"Rome"}'),
    ]
    answered = coze.client.chats.stream_tool_outputs(
        conversation_id=asked.conversation_id,
        chat_id=asked.chat_id,
        tool_outputs=[{"tool_call_id": call.id, "output": {"sky": "blue"}} for call in calls],
    )
    assert answered.chat_id == asked.chat_id
    assert "blue" in coze.run(answered.read()).text
    assert answered.chat.status == "completed"
    assert coze.emulator.chats_started == 1


def test_spoken_answers_come_after_the_written_one(coze: ConnectedClient) -> None:
    def speaks(_: Turn) -> list[Any]:
        return [Answer("hello"), Audio(b"\0\1" * 50)]

    coze.emulator.add_bot("speaks", speaks)
    asked = coze.ask(bot="speaks")
    events = coze.collect(asked)
    assert names(events)[-3:] == ["chat.completed", "audio.delta", "done"]
    assert events[-2].message.content_type == "audio"
    assert asked.text == "hello"


# --- how it ends ---


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("[DONE]", None),
        ('"[DONE]"', None),
        ("", None),
        ("{}", None),
        ('{"debug_url":"x"}', None),
        ("", "conversation.stream.done"),
        ("[DONE]", "Done"),
    ],
)
def test_every_spelling_of_done_ends_a_stream(coze: ConnectedClient, data: str, name: str | None) -> None:
    coze.emulator.inject(faults.DoneSpelling(data, name))
    asked = coze.ask("hi")
    assert names(coze.collect(asked))[-1] == (name or "done").removeprefix("conversation.")
    assert asked.text == "hi"
    assert len(coze.emulator.calls) == 1


@pytest.mark.parametrize("bot", ["echo", "plugins"])
def test_a_stream_that_ends_after_the_chats_last_state_needs_no_done(coze: ConnectedClient, bot: str) -> None:
    coze.emulator.inject(faults.DropTerminal())
    asked = coze.run(coze.ask("the weather in Bern", bot=bot).read())
    assert asked.chat.is_terminal
    assert len(coze.emulator.calls) == 1


@pytest.mark.parametrize(
    "fault",
    [
        faults.LineEnding("\r\n"),
        faults.LineEnding("\r"),
        faults.SpaceAfterColon(),
        faults.Comments(),
        faults.GluedEvents(),
        faults.Ping(),
        faults.Rechunk(1),
        faults.Rechunk(7),
        faults.Rechunk(100_000),
    ],
    ids=repr,
)
def test_no_spelling_changes_what_is_read(coze: ConnectedClient, fault: Fault) -> None:
    plain = coze.ask("über 😀 \u2028 \x85 \x0c end")
    expected = [(event.type, event.delta) for event in coze.collect(plain)]
    coze.emulator.inject(fault)
    spelled = coze.ask("über 😀 \u2028 \x85 \x0c end")
    assert [(event.type, event.delta) for event in coze.collect(spelled)] == expected
    assert spelled.text == "über 😀 \u2028 \x85 \x0c end"


def test_events_and_messages_that_nobody_knows_pass_through(
    coze: ConnectedClient, recwarn: pytest.WarningsRecorder
) -> None:
    def odd(_: Turn) -> list[Any]:
        return [Extra("hologram", "beam", "light"), Answer("seen")]

    coze.emulator.add_bot("odd", odd)
    coze.emulator.inject(faults.UnknownEvents())
    asked = coze.ask(bot="odd")
    events = coze.collect(asked)
    unknown = [event for event in events if event.type == "conversation.chat.hologram"]
    assert {event.data for event in unknown} == {b'{"new":"field"}', b"not JSON"}
    assert asked.messages[0].type == "hologram"
    assert asked.text == "seen"
    assert not recwarn.list


def test_a_server_that_says_done_and_keeps_the_line_open_does_not_hold_the_reader(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coze_client.core.stream_run._DRAIN_SECONDS", 0.05)
    with RawServer([stream(BEGIN, delta(b"hi"), COMPLETED, DONE, end=False)]) as server:
        asked = chat(driver.client("t", base_url=server.url))
        assert names(driver.collect(asked))[-1] == "done"
        assert asked.text == "hi"
        assert server.client_left.wait(5)


def test_a_finished_stream_gives_its_connection_back(driver: Driver) -> None:
    whole = stream(BEGIN, delta(b"hi"), COMPLETED, DONE)
    with RawServer([whole] * 3) as server:
        client = driver.client("t", base_url=server.url)
        for _ in range(3):
            assert driver.run(chat(client).read()).text == "hi"
        assert server.connections == 1
        driver.run(client.close())


def test_a_stream_whose_end_comes_late_still_gives_its_connection_back(driver: Driver) -> None:
    whole = stream(BEGIN, delta(b"a"), COMPLETED, DONE, b":bye\n\n")
    with RawServer([whole, whole]) as server:
        client = driver.client("t", base_url=server.url)
        for _ in range(2):
            driver.run(chat(client).read())
        assert server.connections == 1
        driver.run(client.close())


def test_a_stream_is_read_once(coze: ConnectedClient) -> None:
    asked = coze.ask()
    coze.run(asked.read())
    assert coze.collect(asked) == []
    closed = coze.ask()
    coze.run(closed.close())
    with pytest.raises(CozeError, match="closed"):
        coze.run(closed.read())
    assert coze.emulator.chats_started == 1


def test_nothing_is_sent_before_a_stream_is_entered_or_iterated(coze: ConnectedClient) -> None:
    asked = coze.ask()
    assert coze.emulator.calls == []
    coze.run(asked.close())
    assert coze.emulator.calls == []


# --- refusals and failures ---

REFUSALS: list[tuple[Fault, type[CozeError], int | None]] = [
    (faults.JsonOnStream(4101), PermissionDenied, 4101),
    (faults.Coded(4000, http_status=400), InvalidRequest, 4000),
    (faults.HttpStatus(200, b'{"code":"4000","msg":"text"}', "text/event-stream"), InvalidRequest, 4000),
    (faults.HttpStatus(200, b'{"code":4000,"msg":"plain"}', "text/plain"), InvalidRequest, 4000),
    (faults.HttpStatus(200, b'{"code":0,"data":{}}', "application/json"), ProtocolError, None),
    (faults.HttpStatus(200, b'{"code":0,"data":{}}', "text/event-stream"), ProtocolError, None),
    (faults.HttpStatus(200, b"<html>log in</html>", "text/html"), ProtocolError, None),
    (faults.HttpStatus(200, b"<html>log in</html>", "text/event-stream"), ProtocolError, None),
    (faults.Html(502), ServerError, None),
    (faults.EmptyBody(), ProtocolError, None),
    (faults.HttpStatus(200, b"", "text/event-stream"), StreamInterrupted, None),
    (faults.ErrorEvent(5000, after_events=0), ServerError, 5000),
    (faults.ErrorEvent(4020, after_events=2), RateLimited, 4020),
    (faults.ErrorEvent(123456, after_events=4), ServerError, 123456),
]


@pytest.mark.parametrize(("fault", "kind", "code"), REFUSALS, ids=repr)
def test_a_refusal_in_whatever_form_is_the_right_error(
    coze: ConnectedClient, fault: Fault, kind: type[CozeError], code: int | None
) -> None:
    coze.emulator.inject(fault)
    asked = coze.ask("one two three")
    with pytest.raises(CozeError) as caught:
        coze.collect(asked)
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert caught.value.logid
    assert len(coze.emulator.calls_to("/v3/chat")) == 1


@pytest.mark.parametrize(
    ("event", "kind", "code", "text"),
    [
        (b'event:error\ndata:{"code":4000,"msg":"no"}\n\n', InvalidRequest, 4000, "no"),
        (b'event:error\ndata:{"code":"103100001","msg":"no","debug_url":"x"}\n\n', ServerError, 103100001, "no"),
        (b'event:Error\ndata:{"error_code":5000,"error_message":"no"}\n\n', ServerError, 5000, "no"),
        (b"event:error\ndata:plain words\n\n", ServerError, None, "plain words"),
        (b"event:error\ndata:{}\n\n", ServerError, None, "without a message"),
        (b"event:error\ndata:\n\n", ServerError, None, "without a message"),
        (b"event:error\n\n", ServerError, None, "without a message"),
        (b'event:error\ndata:["odd"]\n\n', ServerError, None, "odd"),
        (b'event:error\ndata:{"code":4000,"msg":"no"}', InvalidRequest, 4000, "no"),
    ],
)
def test_an_error_event_in_whatever_form_is_the_right_error(
    driver: Driver, event: bytes, kind: type[CozeError], code: int | None, text: str
) -> None:
    with RawServer([stream(BEGIN, delta(b"hi"), event)]) as server:
        asked = chat(driver.client("t", base_url=server.url), cancel_on_close=False)
        with pytest.raises(CozeError, match=text) as caught:
            driver.collect(asked)
        assert (type(caught.value), caught.value.code) == (kind, code)
        assert asked.text == "hi"


@pytest.mark.parametrize(
    "fault", [None, faults.BareFailed(), faults.BareFailed(code_as_text=True)], ids=["chat", "bare", "text code"]
)
def test_a_failed_chat_is_raised_with_its_code_and_what_it_said(coze: ConnectedClient, fault: Fault | None) -> None:
    if fault:
        coze.emulator.inject(fault)
    asked = coze.ask(bot="failing")
    with pytest.raises(ChatFailed, match="model unavailable") as caught:
        coze.collect(asked)
    error = caught.value
    assert (error.code, error.text, error.chat and error.chat.id) == (5000, "This goes well until ", asked.chat_id)
    assert error.logid
    assert "logid" in error.cure
    assert asked.chat.status == "failed"
    assert [call.path for call in coze.emulator.calls] == ["/v3/chat"], "a failed chat is neither polled nor cancelled"


def test_a_chat_that_failed_without_a_reason_is_still_a_failure(driver: Driver) -> None:
    with RawServer([stream(BEGIN, b"event:conversation.chat.failed\ndata:{}\n\n")]) as server:
        with pytest.raises(ChatFailed) as caught:
            driver.collect(chat(driver.client("t", base_url=server.url)))
        assert caught.value.code is None


def test_the_zero_error_of_a_healthy_chat_is_none(driver: Driver) -> None:
    healthy = b'{"id":"7","conversation_id":"8","status":"completed","last_error":{"code":0,"msg":""}}'
    end = b"event:conversation.chat.completed\ndata:" + healthy + b"\n\n"
    with RawServer([stream(BEGIN, delta(b"a"), end, DONE)]) as server:
        asked = driver.run(chat(driver.client("t", base_url=server.url)).read())
        assert asked.chat.status == "completed"


def test_later_deltas_are_read_as_leniently_as_the_first(driver: Driver) -> None:
    odd = [delta(b"b").replace(b'"id":"9"', b'"id":9'), delta(b"c").replace(b'"role":"assistant"', b'"role":null')]
    with RawServer([stream(BEGIN, delta(b"a"), *odd, delta(b"\xff"), COMPLETED, DONE)]) as server:
        asked = chat(driver.client("t", base_url=server.url))
        messages = [event.message for event in driver.collect(asked) if event.message]
    assert asked.text == "abc\N{REPLACEMENT CHARACTER}"
    assert [(message.id, message.role) for message in messages] == [
        ("9", "assistant"),
        ("9", "assistant"),
        ("9", ""),
        ("9", "assistant"),
    ]


def test_malformed_json_in_a_known_event_is_reported_after_what_came_before(driver: Driver) -> None:
    broken = b"event:conversation.message.delta\ndata:{oops\n\n"
    with RawServer([stream(BEGIN, delta(b"good"), broken, DONE)]) as server:
        asked = chat(driver.client("t", base_url=server.url), cancel_on_close=False)
        with pytest.raises(ProtocolError, match="oops"):
            driver.collect(asked)
        assert asked.text == "good"


def test_an_event_beyond_the_limit_is_reported_instead_of_stored(driver: Driver) -> None:
    with RawServer([stream(BEGIN, delta(b"x" * 5000), end=False)]) as server:
        asked = chat(driver.client("t", base_url=server.url, max_event_bytes=1000), cancel_on_close=False)
        with pytest.raises(ProtocolError, match="longer than 1000 bytes"):
            driver.collect(asked)


def test_a_server_that_goes_silent_is_given_up_after_the_gap(driver: Driver) -> None:
    with RawServer([stream(BEGIN, delta(b"hi"), end=False)]) as server:
        asked = chat(driver.client("t", base_url=server.url, timeout=0.1, retry=None), auto_save_history=False)
        with pytest.raises(StreamInterrupted) as caught:
            driver.collect(asked)
        assert caught.value.text == "hi"
        assert isinstance(caught.value.__cause__, TimedOut)
