"""Outputs for a chat that no longer waits: a cached call, a dialogue that goes back, a chat that expired."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.core.llms import ChatMessage

from coze_client import CozeError, InvalidRequest
from coze_client.bridge.chat import submissions
from langchain_coze import ChatCoze
from llama_index_coze import CozeLLM
from tests.support.model_calls import blocking, on_loop
from tests.support.scripted_coze import DONE, ScriptedCoze, as_json, as_stream, chat, completed, created, end, message

ORIGIN = {"chat_id": "7", "conversation_id": "8", "status": "requires_action", "bot_id": "1"}
CALL = {"name": "get_weather", "args": {"city": "Chur"}, "id": "c1"}
LANGCHAIN = [
    HumanMessage("Is it warm?"),
    AIMessage("", tool_calls=[CALL], response_metadata=ORIGIN),
    ToolMessage("14 C", tool_call_id="c1", name="get_weather"),
]
LLAMA_INDEX = [
    ChatMessage("Is it warm?"),
    ChatMessage(
        role="assistant",
        blocks=[ToolCallBlock(tool_call_id="c1", tool_name="get_weather", tool_kwargs={"city": "Chur"})],
        additional_kwargs=ORIGIN,
    ),
    ChatMessage(role="tool", content="14 C", additional_kwargs={"tool_call_id": "c1"}),
]
Ask = Callable[[ScriptedCoze], str]


def invoke(coze: ScriptedCoze) -> str:
    return ChatCoze(bot_id="1", client=blocking(coze)).invoke(LANGCHAIN).text


def stream(coze: ScriptedCoze) -> str:
    return "".join(chunk.text for chunk in ChatCoze(bot_id="1", client=blocking(coze)).stream(LANGCHAIN))


def ainvoke(coze: ScriptedCoze) -> str:
    return asyncio.run(ChatCoze(bot_id="1", client=on_loop(coze)).ainvoke(LANGCHAIN)).text


def complete(coze: ScriptedCoze) -> str:
    return str(CozeLLM(bot_id="1", client=blocking(coze)).chat(LLAMA_INDEX).message.content)


def acomplete(coze: ScriptedCoze) -> str:
    return str(asyncio.run(CozeLLM(bot_id="1", client=on_loop(coze)).achat(LLAMA_INDEX)).message.content)


WAYS: list[Ask] = [invoke, stream, ainvoke, complete, acomplete]
NOT_WAITING = {"code": 4000, "msg": "the chat does not wait for tool outputs"}
SUBMIT, RETRIEVE, CHAT = "/v3/chat/submit_tool_outputs", "/v3/chat/retrieve", "/v3/chat"


@pytest.fixture(autouse=True)
def nothing_submitted() -> Iterator[None]:
    submissions._open.clear()
    yield
    submissions._open.clear()


def server(status: Any, refusal: dict[str, Any] = NOT_WAITING) -> ScriptedCoze:
    answer = [created(), completed(message("Yes")), end(), DONE]
    refused = as_json({}, **refusal)
    retrieved = as_json({}, **status) if isinstance(status, dict) else as_json(chat(status))
    return ScriptedCoze({SUBMIT: refused, RETRIEVE: retrieved, CHAT: lambda: as_stream(answer)})


@pytest.mark.parametrize("ask", WAYS)
@pytest.mark.parametrize("status", ["completed", "failed", "expired", "canceled", {"code": 4001, "msg": "no chat"}])
def test_outputs_for_a_chat_that_has_ended_become_words_in_a_new_chat(ask: Ask, status: Any) -> None:
    coze = server(status)
    assert ask(coze) == "Yes"
    assert (coze.count(SUBMIT), coze.count(CHAT)) == (1, 1)
    texts = [each["content"] for each in json.loads(coze.bodies[-1])["additional_messages"]]
    assert texts == ["Is it warm?", '[called get_weather({"city": "Chur"})]', "Result of get_weather:\n14 C"]


@pytest.mark.parametrize("ask", WAYS)
@pytest.mark.parametrize("status", ["requires_action", "in_progress", "created", "surprising", {"code": 4100}])
def test_a_chat_that_may_still_run_is_not_asked_again(ask: Ask, status: Any) -> None:
    coze = server(status)
    with pytest.raises(InvalidRequest, match="does not wait"):
        ask(coze)
    assert coze.count(CHAT) == 0


@pytest.mark.parametrize(("status", "taken"), [("requires_action", False), ("in_progress", True), ("created", True)])
def test_only_a_chat_that_went_on_is_said_to_have_taken_outputs(status: str, *, taken: bool) -> None:
    with pytest.raises(InvalidRequest) as caught:
        invoke(server(status))
    assert ("took outputs before" in str(caught.value)) is taken


@pytest.mark.parametrize("ask", WAYS)
@pytest.mark.parametrize("code", [4100, 4101, 4009, 4011, 4016, 5000])
def test_a_refusal_for_another_reason_is_raised(ask: Ask, code: int) -> None:
    coze = server("completed", {"code": code, "msg": "no"})
    with pytest.raises(CozeError, match=str(code)):
        ask(coze)
    assert coze.count(CHAT) == 0


@pytest.mark.parametrize("ask", WAYS)
def test_outputs_that_the_chat_took_before_are_not_billed_twice(ask: Ask) -> None:
    coze = server("completed")
    broken: dict[str, Any] = {SUBMIT: lambda: as_stream([created()], broken=True), RETRIEVE: as_json({}, code=4101)}
    with pytest.raises(CozeError):
        ask(ScriptedCoze(broken))
    with pytest.raises(InvalidRequest, match=r"took outputs before.*chats\.messages"):
        ask(coze)
    assert coze.count(CHAT) == 0


def lost_connection() -> Any:
    raise httpx.ReadError("connection lost")


def timed_out() -> Any:
    raise httpx.ReadTimeout("too slow")


def stopped_by_hand() -> Any:
    raise KeyboardInterrupt


LOST: list[Callable[[], httpx.Response]] = [
    lost_connection,
    timed_out,
    stopped_by_hand,
    lambda: httpx.Response(502, text="bad gateway"),
    lambda: httpx.Response(200, text="<html>captive portal</html>"),
    lambda: as_json({}, code=5000, msg="internal"),
    lambda: as_stream([], broken=True),
    lambda: as_stream([created(), completed(message("Yes"))], broken=True),
]


@pytest.mark.parametrize("ask", WAYS)
@pytest.mark.parametrize("status", ["completed", "failed", {"code": 4001, "msg": "no chat"}])
@pytest.mark.parametrize("lost", LOST)
def test_outputs_whose_reply_was_lost_start_no_second_chat(
    ask: Ask, lost: Callable[[], httpx.Response], status: Any
) -> None:
    with pytest.raises((CozeError, KeyboardInterrupt)):
        ask(ScriptedCoze({SUBMIT: lost, RETRIEVE: as_json({}, code=4101)}))
    coze = server(status)
    for _ in range(2):
        with pytest.raises(InvalidRequest, match=r"took outputs before.*chats\.messages"):
            ask(coze)
    assert coze.count(CHAT) == 0


def never_connected() -> Any:
    raise httpx.ConnectError("no route")


NOTHING_SENT: list[Callable[[], httpx.Response]] = [
    never_connected,
    lambda: as_json({}, code=4101, msg="no permission"),
    lambda: as_json({}, code=4100, msg="token"),
    lambda: httpx.Response(429, text="slow down"),
]


@pytest.mark.parametrize("ask", WAYS)
@pytest.mark.parametrize("refused", NOTHING_SENT)
def test_outputs_that_were_never_taken_may_become_words_later(ask: Ask, refused: Callable[[], httpx.Response]) -> None:
    with pytest.raises(CozeError):
        ask(ScriptedCoze({SUBMIT: refused}))
    assert ask(server("completed")) == "Yes"


def test_a_submission_that_was_read_to_its_end_may_be_repeated_in_words() -> None:
    answered = ScriptedCoze({SUBMIT: as_stream([created(), completed(message("Yes")), end(), DONE])})
    assert invoke(answered) == "Yes"
    assert not submissions._open
    assert invoke(server("completed")) == "Yes"


def test_only_the_latest_submissions_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    from coze_client.bridge.chat.next_step import SubmitOutputs

    monkeypatch.setattr(submissions, "_MOST_OPEN", 2)
    session = blocking(ScriptedCoze({}))._session
    for chat_id in ("1", "2", "3"):
        submissions.note_sent(session, SubmitOutputs("8", chat_id, ()))
    assert [chat_id for _, chat_id in submissions._open] == ["2", "3"]
