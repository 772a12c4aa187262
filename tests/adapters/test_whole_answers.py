"""A model of either framework gives a whole answer, or an error with what arrived, in every way of asking."""

from __future__ import annotations

import pytest

from coze_client import ChatFailed, StreamInterrupted
from tests.support.model_calls import WAYS, AskScripted
from tests.support.scripted_coze import Event, ScriptedCoze, as_stream, created, delta, ended, message, whole_stream

HALF: list[Event] = [created(), delta("Take half a "), delta("tablet")]


@pytest.mark.parametrize("ask", WAYS)
def test_a_half_answer_that_the_server_does_not_list_is_an_error(ask: AskScripted) -> None:
    coze = ScriptedCoze({"/v3/chat": as_stream(HALF, broken=True), **ended()})
    with pytest.raises(StreamInterrupted) as caught:
        ask(coze)
    assert (caught.value.text, caught.value.chat_id) == ("Take half a tablet", "7")
    assert coze.count("/v3/chat") == 1


@pytest.mark.parametrize("ask", WAYS)
def test_a_half_answer_that_the_server_lists_whole_is_completed(ask: AskScripted) -> None:
    listed = message("Take half a tablet daily")
    coze = ScriptedCoze({"/v3/chat": as_stream(HALF, broken=True), **ended(listed)})
    assert ask(coze) == "Take half a tablet daily"


@pytest.mark.parametrize("ask", WAYS)
def test_a_chat_without_an_answer_is_an_error(ask: AskScripted) -> None:
    coze = ScriptedCoze({"/v3/chat": as_stream(whole_stream())})
    with pytest.raises(ChatFailed, match="without an answer"):
        ask(coze)


@pytest.mark.parametrize("ask", WAYS)
def test_an_answer_with_a_hole_is_an_error(ask: AskScripted) -> None:
    events = whole_stream(message("Take no tablets"), text="Take tablets")
    with pytest.raises(StreamInterrupted, match="contradicts"):
        ask(ScriptedCoze({"/v3/chat": as_stream(events)}))
