"""Streams that break: they recover exactly, or report what is missing; no chat is ever started twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from coze_client import AsyncCozeClient, CozeClient, Message, StreamInterrupted, Timeout
from coze_client.api.chats.stream import sort_messages
from coze_client.emulator import faults
from tests.support.clients import AsyncioDriver, ConnectedClient, Driver
from tests.support.replay import StreamReplay

STREAMS = Path(__file__).parent.parent / "data" / "streams"
WHOLE = ("chat_text", "chat_crlf_spaces", "chat_unicode_reasoning", "chat_tool_calls")


def ask(client: CozeClient, **options: Any) -> Any:
    return client.chats.stream(bot_id="1", user_id="u", additional_messages=[Message.user("hi")], **options)


def read(stream: bytes, cut: int, **how: Any) -> tuple[str, tuple[Message, ...], StreamReplay, list[str]]:
    replay = StreamReplay(stream, cut, **how)
    with CozeClient("t", base_url="http://coze", transport=httpx.MockTransport(replay)) as client, ask(client) as chat:
        deltas = [event.delta for event in chat]
        return chat.text, chat.messages, replay, deltas


def chat_id_known_at(stream: bytes) -> int:
    """The number of bytes after which the chat's id is known: the end of the first event."""
    blank = b"\r\n\r\n" if b"\r\n" in stream else b"\n\n"
    return stream.index(blank) + len(blank)


def plain(messages: tuple[Message, ...]) -> list[tuple[str, str, str, str | None]]:
    return [(message.id, message.type, message.content, message.reasoning_content) for message in messages]


@pytest.mark.parametrize("name", WHOLE)
def test_a_stream_cut_anywhere_gives_the_text_and_messages_of_an_uncut_one(name: str, sleeps: list[float]) -> None:
    """After every byte near the end of a line, and in both ways: the connection is lost, or the response ends early.

    Inside a line, after every third byte, which meets each byte of a character in some place.
    """
    stream = (STREAMS / f"{name}.sse").read_bytes()
    text, messages, _, _ = read(stream, len(stream))
    for cut in range(chat_id_known_at(stream), len(stream)):
        near_end = b"\n" in stream[cut - 3 : cut + 3]
        ways = [True, False] if near_end else [cut % 2 == 0] if cut % 3 == 0 else []
        for broken in ways:
            recovered_text, recovered_messages, replay, deltas = read(stream, cut, broken=broken)
            assert (recovered_text, plain(recovered_messages)) == (text, plain(messages)), f"cut after {cut} bytes"
            assert "".join(deltas) == text, f"cut after {cut} bytes"
            assert replay.starts == 1


@pytest.mark.parametrize("name", WHOLE)
def test_a_stream_cut_before_the_chats_id_is_known_is_reported_and_not_started_again(name: str) -> None:
    stream = (STREAMS / f"{name}.sse").read_bytes()
    for cut in range(stream.index(b'"conversation_id"')):
        replay = StreamReplay(stream, cut)
        client = CozeClient("t", base_url="http://coze", transport=httpx.MockTransport(replay))
        with pytest.raises(StreamInterrupted, match="id had not arrived"):
            ask(client).read()
        assert replay.paths == ["/v3/chat"]


@pytest.mark.parametrize("size", [1, 7, 5000])
def test_the_asynchronous_stream_recovers_the_same_way(size: int) -> None:
    stream = (STREAMS / "chat_unicode_reasoning.sse").read_bytes()
    text, messages, _, _ = read(stream, len(stream))
    driver = AsyncioDriver()
    try:
        for cut in range(chat_id_known_at(stream), len(stream), 13):
            client = AsyncCozeClient(
                "t", base_url="http://coze", transport=httpx.MockTransport(StreamReplay(stream, cut, size))
            )
            chat = client.chats.stream(bot_id="1", user_id="u", additional_messages=[Message.user("hi")])
            deltas = [event.delta for event in driver.collect(chat)]
            assert ("".join(deltas), chat.text, plain(chat.messages)) == (text, text, plain(messages))
    finally:
        driver.close()


@pytest.mark.parametrize("after", [700, 1100, 1500, 1900])
def test_a_stream_cut_on_the_wire_recovers(coze: ConnectedClient, after: int) -> None:
    coze.emulator.inject(faults.CutAfterBytes(after))
    stream = coze.ask("one two three four five six")
    events = coze.collect(stream)
    assert "".join(event.delta for event in events) == stream.text == "one two three four five six"
    assert stream.chat.status == "completed"
    assert stream.chat.usage.known
    assert [message.type for message in stream.messages] == ["answer", "verbose"]
    assert coze.emulator.chats_started == 1


def test_a_cut_without_saved_history_raises_with_what_arrived(coze: ConnectedClient) -> None:
    coze.emulator.inject(faults.CutAfterEvents(4))
    stream = coze.ask("one two three four", auto_save_history=False)
    with pytest.raises(StreamInterrupted, match="not saved") as caught:
        coze.collect(stream)
    error = caught.value
    assert error.text
    assert "one two three four".startswith(error.text)
    assert (error.chat_id, error.conversation_id) == (stream.chat_id, stream.conversation_id)
    assert error.chat_id
    assert error.conversation_id
    assert error.logid
    assert error.chat_id in str(error)
    assert coze.emulator.chats_started == 1


def test_a_cut_before_the_chats_id_carries_the_logid(coze: ConnectedClient) -> None:
    coze.emulator.inject(faults.CutAfterBytes(20))
    with pytest.raises(StreamInterrupted) as caught:
        coze.collect(coze.ask())
    assert caught.value.chat_id is None
    assert caught.value.logid
    assert coze.emulator.chats_started == 1


def test_what_was_delivered_must_be_the_beginning_of_what_is_listed() -> None:
    stream = (STREAMS / "chat_text.sse").read_bytes()

    class Changed(StreamReplay):
        def listed_messages(self) -> list[Message]:
            return [message.model_copy(update={"content": "Something else."}) for message in super().listed_messages()]

    replay = Changed(stream, stream.index(b" is late."))
    client = CozeClient("t", base_url="http://coze", transport=httpx.MockTransport(replay))
    with pytest.raises(StreamInterrupted, match="contradicts the completed message") as caught:
        ask(client).read()
    assert caught.value.text == "The train"


def test_missing_audio_is_reported_as_not_recoverable() -> None:
    stream = (STREAMS / "chat_audio_delta.sse").read_bytes()
    first_audio = stream.index(b"conversation.audio.delta")
    cut = stream.index(b"\n\n", first_audio) + 10
    client = CozeClient("t", base_url="http://coze", transport=httpx.MockTransport(StreamReplay(stream, cut)))
    with pytest.raises(StreamInterrupted, match="audio"):
        ask(client).read()


def test_messages_that_were_known_before_the_tool_outputs_are_not_given_again() -> None:
    stream = (STREAMS / "chat_text.sse").read_bytes()
    replay = StreamReplay(stream, stream.index(b"event:conversation.message.delta"))
    earlier = Message(id="99", role="assistant", type="answer", content="Before. ", content_type="text", created_at=1)
    replay.messages = (earlier, *replay.messages)
    client = CozeClient("t", base_url="http://coze", transport=httpx.MockTransport(replay))
    outputs = [{"tool_call_id": "call_1", "output": "12:00"}]
    with client.chats.stream_tool_outputs(
        conversation_id="1", chat_id="2", tool_outputs=outputs, known_message_ids=["99"]
    ) as chat:
        list(chat)
    assert chat.text == "The train is late."


def test_recovery_waits_no_longer_than_the_deadline_of_the_client(
    driver: Driver, sleeps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = (STREAMS / "chat_text.sse").read_bytes()
    replay = StreamReplay(stream, chat_id_known_at(stream))
    replay.chat = replay.chat.model_copy(update={"status": "in_progress"})
    monkeypatch.setattr("coze_client.api.chats.following.monotonic", lambda: sum(sleeps))
    client = driver.client(
        "t", base_url="http://coze", transport=httpx.MockTransport(replay), timeout=Timeout(deadline=90)
    )
    with pytest.raises(StreamInterrupted, match=r"did not end within 90 s \(timeout\.deadline"):
        driver.collect(ask(client))
    assert sum(sleeps) == 90


def test_a_chat_that_failed_after_the_cut_raises_as_it_would_have(driver: Driver) -> None:
    stream = (STREAMS / "chat_failed.sse").read_bytes()
    from coze_client import ChatFailed

    replay = StreamReplay(stream, stream.index(b"event:conversation.chat.failed"))
    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(replay))
    chat = client.chats.stream(bot_id="1", user_id="u", additional_messages=[Message.user("hi")])
    with pytest.raises(ChatFailed, match="model unavailable") as caught:
        driver.collect(chat)
    assert caught.value.code == 5000


def test_listed_messages_are_put_in_the_order_of_a_stream() -> None:
    kinds = ["verbose", "follow_up", "answer", "tool_response", "function_call"]
    listed = [Message(id=str(place), type=kind, created_at=5) for place, kind in enumerate(kinds)]
    later = Message(id="9", type="function_call", created_at=6)
    ordered = sort_messages([later, *listed])
    assert [message.type for message in ordered] == [
        "tool_response",
        "function_call",
        "answer",
        "verbose",
        "follow_up",
        "function_call",
    ]
