"""A chatflow that calls a client plugin: no way of asking gives out a call that nobody can answer."""

from __future__ import annotations

import pytest

from coze_client import ConfigurationError
from tests.support.model_calls import WAYS, AskScripted
from tests.support.scripted_coze import DONE, ScriptedCoze, as_stream, chat, created, delta


def waiting(kind: str) -> ScriptedCoze:
    call = {"id": "c1", "type": kind, "function": {"name": "camera", "arguments": "{}"}}
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [call]}}
    asks = ("conversation.chat.requires_action", chat("requires_action", required_action=action))
    return ScriptedCoze({"/v1/workflows/chat": lambda: as_stream([created(), delta("Look"), asks, DONE])})


@pytest.mark.parametrize("ask", WAYS)
@pytest.mark.parametrize("owner", [{"bot_id": "1"}, {"bot_id": "", "app_id": "2"}], ids=["bot", "app"])
def test_a_chatflow_that_calls_a_plugin_is_an_error_that_names_it(ask: AskScripted, owner: dict[str, str]) -> None:
    coze = waiting("function")
    with pytest.raises(ConfigurationError, match="camera") as caught:
        ask(coze, workflow_id="3", **owner)
    assert (caught.value.chat_id, caught.value.conversation_id) == ("7", "8")
    assert coze.count("/v1/workflows/chat") == 1


@pytest.mark.parametrize("ask", WAYS)
def test_a_question_of_a_chatflow_is_an_answer(ask: AskScripted) -> None:
    assert ask(waiting("reply_message"), workflow_id="3") == "Look"
