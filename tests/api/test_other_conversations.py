"""A chat that runs in another conversation than the one that was named has lost its memory, and says so."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from coze_client import ConversationMismatch, CozeClient
from coze_client.emulator import Emulator
from langchain_coze import ChatCoze
from llama_index_coze import CozeLLM
from tests.support.clients import Driver
from tests.support.scripted_coze import ASK, BERN, ScriptedCoze, as_json, as_stream, chat, ended, message, scripted

Ask = Callable[..., Any]
CANCEL = "/v3/chat/cancel"
NAMED = {**ASK, "conversation_id": "named"}


def streamed(driver: Driver, client: Any, **options: Any) -> Any:
    return driver.run(client.chats.stream(**NAMED, **options).read())


def started(driver: Driver, client: Any, **options: Any) -> Any:
    return driver.run(client.chats.create(**NAMED, **options))


def polled(driver: Driver, client: Any, **options: Any) -> Any:
    return driver.run(client.chats.create_and_poll(**NAMED, **options))


def chatflow(driver: Driver, client: Any, **options: Any) -> Any:
    ask = {"workflow_id": "5", "bot_id": "1", "additional_messages": [], "conversation_id": "named"}
    return driver.run(client.workflows.chat(**ask, **options).read())


WAYS = [streamed, started, polled, chatflow]


def script(read: Ask) -> ScriptedCoze:
    start = as_stream(BERN) if read in (streamed, chatflow) else as_json(chat("in_progress"))
    return ScriptedCoze({"/v3/chat": start, "/v1/workflows/chat": start, **ended(message("Bern"))})


@pytest.mark.parametrize("read", WAYS)
def test_another_conversation_is_an_error_and_its_chat_is_cancelled(
    driver: Driver, sleeps: list[float], read: Ask
) -> None:
    coze = script(read)
    with pytest.raises(ConversationMismatch, match="conversation 8, not in named") as caught:
        read(driver, scripted(driver, coze))
    error = caught.value
    assert (error.expected, error.conversation_id, error.chat_id) == ("named", "8", "7")
    assert "accept_new_conversation" in error.cure
    assert coze.count(CANCEL) == 1
    assert len(coze.paths) == 2


@pytest.mark.parametrize("read", WAYS)
def test_one_who_accepts_a_new_conversation_is_warned(driver: Driver, sleeps: list[float], read: Ask) -> None:
    coze = script(read)
    with pytest.warns(UserWarning, match="conversation 8, not in named"):
        read(driver, scripted(driver, coze), accept_new_conversation=True)
    assert coze.count(CANCEL) == 0


@pytest.mark.parametrize("read", WAYS)
def test_the_named_conversation_or_none_is_no_mismatch(driver: Driver, sleeps: list[float], read: Ask) -> None:
    coze = script(read)
    if read in (streamed, chatflow):
        content = as_stream([(name, _renamed(data)) for name, data in BERN])
    else:
        content = as_json({**chat("in_progress"), "conversation_id": "named"})
    client = scripted(driver, ScriptedCoze({**coze.responses, "/v3/chat": content, "/v1/workflows/chat": content}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(driver, client)


def _renamed(data: object) -> object:
    return {**data, "conversation_id": "named"} if isinstance(data, dict) else data


def test_a_stream_that_must_not_be_cancelled_is_cancelled_even_so(driver: Driver) -> None:
    coze = script(streamed)
    with pytest.raises(ConversationMismatch):
        streamed(driver, scripted(driver, coze), cancel_on_close=False)
    assert coze.count(CANCEL) == 1


LOST = "7499999999999999999"


@pytest.fixture
def studio() -> Any:
    with Emulator("studio") as emulator:
        yield emulator


def ask_langchain(emulator: Emulator, **options: Any) -> str:
    about: dict[str, Any] = {"bot_id": emulator.bots["assistant"], "user_id": "ada", "conversation_id": LOST}
    model = ChatCoze(token=emulator.token, base_url=emulator.url, **about, **options)
    answer = model.invoke("What is my name?")
    assert isinstance(answer, AIMessage)
    return answer.text


def ask_llama_index(emulator: Emulator, **options: Any) -> str:
    about: dict[str, Any] = {"bot_id": emulator.bots["assistant"], "user_id": "ada", "conversation_id": LOST}
    return str(CozeLLM(token=emulator.token, base_url=emulator.url, **about, **options).complete("What is my name?"))


@pytest.mark.parametrize("ask", [ask_langchain, ask_llama_index])
def test_a_model_whose_conversation_is_unknown_says_so(studio: Emulator, ask: Callable[..., str]) -> None:
    with pytest.raises(ConversationMismatch, match=LOST):
        ask(studio)
    with pytest.warns(UserWarning, match=LOST):
        assert ask(studio, accept_new_conversation=True)


def test_a_bot_of_the_cloud_answers_in_the_named_conversation(client: CozeClient, emulator: Emulator) -> None:
    conversation = client.conversations.create()
    ask: dict[str, Any] = {**NAMED, "bot_id": emulator.bots["echo"], "conversation_id": conversation.id}
    assert client.chats.stream(**ask).read().conversation_id == conversation.id
