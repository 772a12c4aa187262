"""A model of either framework gives a whole answer, or an error with what arrived, in every way of asking."""

from __future__ import annotations

import pytest

from coze_client import ChatFailed, StreamInterrupted
from tests.support.model_calls import WAYS, AskScripted
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
)

ENDED = {"/v3/chat/retrieve": as_json(chat("completed"))}
HALF: list[Event] = [created(), delta("Take half a "), delta("tablet")]


@pytest.mark.parametrize("ask", WAYS)
def test_a_half_answer_that_the_server_does_not_list_is_an_error(ask: AskScripted) -> None:
    coze = ScriptedCoze({"/v3/chat": as_stream(HALF, broken=True), "/v3/chat/message/list": as_json([]), **ENDED})
    with pytest.raises(StreamInterrupted) as caught:
        ask(coze)
    assert (caught.value.text, caught.value.chat_id) == ("Take half a tablet", "7")
    assert coze.count("/v3/chat") == 1


@pytest.mark.parametrize("ask", WAYS)
def test_a_half_answer_that_the_server_lists_whole_is_completed(ask: AskScripted) -> None:
    listed = as_json([message("Take half a tablet daily")])
    coze = ScriptedCoze({"/v3/chat": as_stream(HALF, broken=True), "/v3/chat/message/list": listed, **ENDED})
    assert ask(coze) == "Take half a tablet daily"


@pytest.mark.parametrize("ask", WAYS)
def test_a_chat_without_an_answer_is_an_error(ask: AskScripted) -> None:
    coze = ScriptedCoze({"/v3/chat": as_stream([created(), end(), DONE])})
    with pytest.raises(ChatFailed, match="without an answer"):
        ask(coze)


@pytest.mark.parametrize("ask", WAYS)
def test_an_answer_with_a_hole_is_an_error(ask: AskScripted) -> None:
    events: list[Event] = [created(), delta("Take "), delta("tablets"), completed(message("Take no tablets")), end()]
    with pytest.raises(StreamInterrupted, match="contradicts"):
        ask(ScriptedCoze({"/v3/chat": as_stream([*events, DONE])}))
