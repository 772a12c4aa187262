"""Calls of client plugins that nobody can answer: those of a chatflow, and those of a bot that is asked for text."""

from __future__ import annotations

import pytest
from langchain_core.tools import ToolException
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel

from coze_client import ConfigurationError
from langchain_coze import ChatCoze, CozeBotTool
from llama_index_coze import CozeLLM
from tests.support.model_calls import WAYS, AskScripted, acomplete, astream_complete, blocking, complete
from tests.support.scripted_coze import DONE, ScriptedCoze, as_stream, chat, created, delta


def waiting(kind: str) -> ScriptedCoze:
    call = {"id": "c1", "type": kind, "function": {"name": "camera", "arguments": "{}"}}
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [call]}}
    asks = ("conversation.chat.requires_action", chat("requires_action", required_action=action))
    events = [created(), delta("Look"), asks, DONE]
    return ScriptedCoze(dict.fromkeys(["/v1/workflows/chat", "/v3/chat"], lambda: as_stream(events)))


@pytest.mark.parametrize("ask", WAYS)
@pytest.mark.parametrize("owner", [{"bot_id": "1"}, {"bot_id": "", "app_id": "2"}], ids=["bot", "app"])
def test_a_chatflow_that_calls_a_plugin_is_an_error_that_names_it(ask: AskScripted, owner: dict[str, str]) -> None:
    coze = waiting("function")
    with pytest.raises(ConfigurationError, match="camera") as caught:
        ask(coze, workflow_id="3", **owner)
    assert (caught.value.chat_id, caught.value.conversation_id) == ("7", "8")
    assert coze.count("/v1/workflows/chat") == 1


class Trip(BaseModel):
    """A journey."""

    city: str


def structured(coze: ScriptedCoze) -> object:
    return ChatCoze(bot_id="1", client=blocking(coze)).with_structured_output(Trip).invoke("hi")


def structured_with_raw(coze: ScriptedCoze) -> object:
    return ChatCoze(bot_id="1", client=blocking(coze)).with_structured_output(Trip, include_raw=True).invoke("hi")


def predicted(coze: ScriptedCoze) -> object:
    return CozeLLM(bot_id="1", client=blocking(coze)).structured_predict(Trip, PromptTemplate("hi"))


def stream_complete(coze: ScriptedCoze) -> object:
    return list(CozeLLM(bot_id="1", client=blocking(coze)).stream_complete("hi"))


def asked_by_a_tool(coze: ScriptedCoze) -> object:
    tool = CozeBotTool("1", "lawyer", "Knows the law.", client=blocking(coze), handle_tool_error=False)
    with pytest.raises(ToolException) as caught:
        tool.invoke({"question": "hi"})
    raise caught.value.__cause__ or caught.value


FOR_TEXT: list[AskScripted] = [
    complete,
    stream_complete,
    acomplete,
    astream_complete,
    predicted,
    structured,
    structured_with_raw,
    asked_by_a_tool,
]


@pytest.mark.parametrize("ask", FOR_TEXT)
def test_a_bot_that_calls_a_plugin_when_only_text_is_taken_is_an_error_that_names_the_way(ask: AskScripted) -> None:
    coze = waiting("function")
    with pytest.raises(ConfigurationError, match=r"camera.*(chat_with_tools|bind_tools)") as caught:
        ask(coze)
    assert (caught.value.chat_id, caught.value.conversation_id) == ("7", "8")
    assert coze.count("/v3/chat") == 1


def test_a_model_reads_that_a_bot_tool_waits_for_a_plugin() -> None:
    tool = CozeBotTool("1", "lawyer", "Knows the law.", client=blocking(waiting("function")))
    assert "camera" in tool.invoke({"question": "hi"})


@pytest.mark.parametrize("ask", WAYS)
def test_a_question_of_a_chatflow_is_an_answer(ask: AskScripted) -> None:
    assert ask(waiting("reply_message"), workflow_id="3") == "Look"
