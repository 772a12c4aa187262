"""ChatCoze of langchain-community, which uses the v2 API; a test named after it shows where it differs from the API."""

from __future__ import annotations

from typing import Any

import pytest

from coze_client.emulator import faults
from tests.peers.peer import Peer, PeerRaised

V2 = "/open_api/v2/chat"


def ask(peer: Peer, call: str, bot: str = "echo", *messages: tuple[str, str], **more: Any) -> Any:
    """Return the answer of `invoke`, or the chunks of `stream`."""
    messages = messages or (("human", "hello there"),)
    return peer(call, bot_id=peer.bot(bot), messages=messages, **{"user": "u1", **more})


def body(peer: Peer) -> dict[str, Any]:
    [call] = peer.emulator.calls_to(V2)
    assert isinstance(call.body, dict)
    return call.body


@pytest.mark.parametrize("streaming", [True, False])
def test_an_answer_arrives_whole(chat_coze: Peer, streaming: bool) -> None:
    assert ask(chat_coze, "invoke", streaming=streaming) == "hello there"
    assert body(chat_coze)["stream"] is streaming
    assert chat_coze.emulator.chats_started == 1


def test_a_stream_arrives_in_pieces(chat_coze: Peer) -> None:
    chunks = ask(chat_coze, "stream", streaming=True)
    assert [chunk for chunk in chunks if chunk] == ["hello ", "there"]


def test_an_empty_conversation_is_none(chat_coze: Peer) -> None:
    ask(chat_coze, "invoke")
    assert body(chat_coze)["conversation_id"] == ""


def test_a_history_is_context(chat_coze: Peer) -> None:
    history = [("human", "my name is Ada"), ("ai", "Nice to meet you."), ("human", "what is my name?")]
    assert ask(chat_coze, "invoke", "assistant", *history) == "Your name is Ada."


@pytest.mark.parametrize(("bot", "code"), [("7350000000000009999", 4006), ("failing", 5000)])
def test_a_refusal_has_its_code_and_logid(chat_coze: Peer, bot: str, code: int) -> None:
    with pytest.raises(PeerRaised, match=rf"{code}: .*logid: 2") as refused:
        ask(chat_coze, "invoke", bot)
    assert refused.value.kind == "ValueError"


def test_a_status_other_than_200_is_reported_with_the_logid(chat_coze: Peer) -> None:
    chat_coze.emulator.inject(faults.HttpStatus(502), V2)
    with pytest.raises(PeerRaised, match=r"502.*logid: 2"):
        ask(chat_coze, "invoke")


# --- where it differs from the API ---


def test_chat_coze_sends_the_question_twice(chat_coze: Peer) -> None:
    """Once as `query`, and once as the last message of the history, whose messages have no type."""
    ask(chat_coze, "invoke")
    message = {"role": "user", "content": "hello there", "content_type": "text"}
    assert (body(chat_coze)["query"], body(chat_coze)["chat_history"]) == ("hello there", [message])


def test_chat_coze_streams_nothing_unless_it_was_made_streaming(chat_coze: Peer) -> None:
    """It then requests an answer without a stream, and tries to read a stream from it; the chat is billed."""
    with pytest.raises(PeerRaised, match="No generation"):
        ask(chat_coze, "stream")
    assert (body(chat_coze)["stream"], chat_coze.emulator.chats_started) == (False, 1)


def test_chat_coze_takes_a_failed_stream_for_a_whole_one(chat_coze: Peer) -> None:
    assert "".join(ask(chat_coze, "stream", "failing", streaming=True)) == "This goes well until "


def test_chat_coze_keeps_silent_about_why_a_stream_was_refused(chat_coze: Peer) -> None:
    with pytest.raises(PeerRaised, match="No generation"):
        ask(chat_coze, "stream", "7350000000000009999", streaming=True)


def test_chat_coze_gives_the_first_answer_alone_unless_it_streams(chat_coze: Peer) -> None:
    assert ask(chat_coze, "invoke", "several_answers") == "Let me look that up. "
    assert ask(chat_coze, "invoke", "several_answers", streaming=True) == "Let me look that up. I found it: 42."


def test_chat_coze_sends_no_user_by_default_which_is_refused(chat_coze: Peer) -> None:
    with pytest.raises(PeerRaised, match="4000"):
        ask(chat_coze, "invoke", user="")
