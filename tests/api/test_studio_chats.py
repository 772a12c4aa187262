"""Chats with a self-hosted coze-studio: what its source (commit 4f786d6) sends, and what the client makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client import ChatResult, CozeError, Message, NotFound, ServerError, StreamInterrupted
from coze_client.api.chats.values import Chat, Usage, find_usage
from coze_client.core.model import convert
from coze_client.emulator import Emulator, faults
from coze_client.emulator.scripts import (
    Answer,
    AskUser,
    Fail,
    FunctionCall,
    Item,
    Partial,
    Reasoning,
    ToolResponse,
    Turn,
)
from coze_client.emulator.workflows import Steps, WorkflowError, ask
from tests.support.clients import ConnectedClient, Driver


@pytest.fixture
def studio(driver: Driver) -> Iterator[ConnectedClient]:
    with Emulator(dialect="studio") as emulator:
        yield ConnectedClient(driver, emulator)


def polled(studio: ConnectedClient, bot: str, text: str = "hi", **options: Any) -> ChatResult:
    question = [Message.user(text)]
    call = studio.client.chats.create_and_poll(
        bot_id=studio.emulator.bots[bot], user_id="u1", additional_messages=question, **options
    )
    result: ChatResult = studio.run(call)
    return result


# --- usage ---


def thinks(turn: Turn) -> Iterator[Item]:
    yield Reasoning("Hm.")
    yield FunctionCall("search", {"query": turn.question})
    yield ToolResponse("two owls")
    yield Answer("There are two.")


def says_twice(turn: Turn) -> Iterator[Item]:
    yield Answer("One moment. ")
    yield Answer("There are two owls.")


@pytest.mark.parametrize("script", [thinks, says_twice])
def test_usage_is_the_same_streamed_polled_and_after_a_broken_line(
    studio: ConnectedClient, sleeps: list[float], script: Any
) -> None:
    studio.emulator.add_bot("counts", script)
    read = [polled(studio, "counts", "How many owls?").chat.usage]
    for fault in (None, faults.CutAfterEvents(2), faults.CutAfterEvents(7), faults.DropTerminal()):
        if fault:
            studio.emulator.inject(fault)
        read.append(studio.run(studio.ask("How many owls?", bot="counts").read()).chat.usage)
    assert all(usage is not None and usage.known for usage in read)
    assert read == [read[0]] * len(read)


def test_an_asked_back_question_has_usage_too(studio: ConnectedClient) -> None:
    studio.emulator.add_bot("asks", lambda turn: [AskUser("Which town?")])
    result = studio.run(studio.ask(bot="asks").read())
    assert (result.text, result.chat.status, result.chat.usage.known) == ("Which town?", "completed", True)


def test_usage_of_the_event_is_not_replaced(coze: ConnectedClient) -> None:
    assert find_usage([Message(type="answer", meta_data={"token": "1"})]) == Usage(token_count=1)
    chat = coze.run(coze.ask("hello").read()).chat
    assert chat.usage.token_count > 1


counts = st.integers(0, 10**12)


@given(counts, counts, st.sampled_from(["3", "", "x", "1.5", "-1"]), st.booleans())
def test_counts_in_meta_data_are_read_if_they_are_numbers(
    read: int, written: int, total: str, has_later_call: bool
) -> None:
    meta_data = {"token": total, "input_tokens": str(read), "output_tokens": str(written), "time_cost": "0.1"}
    messages = [Message(type="answer", meta_data=meta_data)]
    if has_later_call:
        messages += [Message(type="verbose", meta_data={"token": "9"}), Message(type="answer", meta_data=None)]
    usage = find_usage(messages)
    assert usage is not None
    assert (usage.input_count, usage.output_count) == (read, written)
    assert usage.token_count == (read + written if total == "3" else None)


@given(counts, counts, counts, st.sampled_from([("input_count", "output_count"), ("input_tokens", "output_tokens")]))
def test_a_total_is_the_sum_of_its_parts(total: int, read: int, written: int, names: tuple[str, str]) -> None:
    usage = convert(Usage, {"token_count": total, names[0]: read, names[1]: str(written)})
    assert (usage.token_count, usage.input_count, usage.output_count) == (read + written, read, written)


@given(st.fixed_dictionaries({}, optional={"token_count": counts, "input_count": counts, "output_count": counts}))
def test_a_total_without_both_parts_is_kept(given: dict[str, int]) -> None:
    usage = convert(Usage, given)
    if len(given) < 3:
        assert usage.model_dump(include=set(given)) == given


# --- chatflows ---


def greets(text: str) -> Steps[str]:
    tone = yield ask("Formal?", options=["yes", "no"])
    return f"{text}: {tone}"


def test_a_chatflow_counts_each_token_once_and_names_its_bot(studio: ConnectedClient) -> None:
    chatflow = studio.emulator.workflow(chatflow=True)(greets)
    conversation = studio.run(studio.client.conversations.create())
    bot_id = studio.emulator.bots["echo"]

    def chat(text: str) -> Any:
        stream = studio.client.workflows.chat(
            workflow_id=chatflow.id,
            bot_id=bot_id,
            conversation_id=conversation.id,
            additional_messages=[Message.user(text)],
        )
        return studio.run(stream.read())

    assert chat("Ada").chat.status == "requires_action"
    answered = chat("yes")
    usage = answered.chat.usage
    assert usage.token_count == usage.input_count + usage.output_count
    assert (answered.chat.bot_id, {message.bot_id for message in answered.messages}) == (bot_id, {bot_id})


@pytest.mark.parametrize("code", [1, 4000001, 720701013])
def test_a_failed_chatflow_keeps_its_debug_url(studio: ConnectedClient, code: int) -> None:
    @studio.emulator.workflow(chatflow=True)
    def fails(text: str) -> None:
        raise WorkflowError(code, "the node is out of order")

    stream = studio.client.workflows.chat(
        workflow_id=fails.id,
        bot_id=studio.emulator.bots["echo"],
        additional_messages=[Message.user("hi")],
        parameters={"CONVERSATION_NAME": "Default"},
    )
    with pytest.raises(CozeError, match="out of order") as caught:
        studio.run(stream.read())
    assert isinstance(caught.value, ServerError)
    assert caught.value.code == code
    assert fails.id in caught.value.debug_url


def test_a_failure_told_as_plain_text_is_the_servers(driver: Driver) -> None:
    body = b"id: 1\nevent: error\ndata: workflow interrupted unexpectedly\n\n"
    with pytest.raises(ServerError, match="interrupted unexpectedly"):
        driver.run(stub(driver, httpx.Response(200, headers=EVENTS, content=body)).chats.stream(**ASKED).read())


# --- failures ---

ASKED: dict[str, Any] = {"bot_id": "1", "user_id": "u", "additional_messages": [{"role": "user", "content": "hi"}]}
EVENTS = {"content-type": "text/event-stream"}


def stub(driver: Driver, *responses: httpx.Response) -> Any:
    """A client of a server that sends these responses, and repeats the last one."""
    left = list(responses)

    def answer(request: httpx.Request) -> httpx.Response:
        return left.pop(0) if len(left) > 1 else left[0]

    return driver.client("t", base_url="http://coze", transport=httpx.MockTransport(answer))


def test_a_model_that_fails_raises_what_the_studio_tells(studio: ConnectedClient) -> None:
    studio.emulator.add_bot("broken", lambda turn: [Fail()])
    with pytest.raises(CozeError) as caught:
        studio.run(studio.ask(bot="broken").read())
    assert caught.value.code == 103200002
    assert len(studio.emulator.calls_to("/v3/chat")) == 1


def breaks_off(turn: Turn) -> Iterator[Item]:
    yield Partial("Take two pills ")
    yield Fail()


def breaks_off_later(turn: Turn) -> Iterator[Item]:
    yield FunctionCall("search", {})
    yield ToolResponse("dose: two pills a week")
    yield Partial("Take two pills ")
    yield Fail()


BROKEN = [lambda turn: [Fail()], breaks_off, breaks_off_later]


@pytest.mark.parametrize("script", BROKEN)
def test_a_failed_model_gives_no_answer_whichever_way_it_is_read(
    studio: ConnectedClient, sleeps: list[float], script: Any
) -> None:
    studio.emulator.add_bot("broken", script)
    with pytest.raises(CozeError) as caught:
        polled(studio, "broken")
    assert caught.value.chat_id
    for count in range(2, 9):
        studio.emulator.inject(faults.CutAfterEvents(count))
        started = studio.emulator.chats_started
        with pytest.raises(CozeError) as caught:
            studio.run(studio.ask(bot="broken").read())
        assert caught.value.chat_id, count
        assert studio.emulator.chats_started == started + 1


def test_a_stream_without_an_event_says_that_nothing_may_run(studio: ConnectedClient) -> None:
    studio.emulator.inject(faults.NoEvents())
    with pytest.raises(StreamInterrupted, match="nothing runs, and its log has the cause") as caught:
        studio.run(studio.ask().read())
    assert caught.value.chat_id is None
    assert studio.emulator.chats_started == 0
    assert len(studio.emulator.calls) == 1


@pytest.mark.parametrize("call", ["retrieve", "messages"])
@pytest.mark.parametrize(
    ("headers", "body", "error", "asked"),
    [
        ({"x-log-id": "log1"}, b"", NotFound, 1),
        ({"x-log-id": "log1"}, b'{"code":500,"msg":"no"}', ServerError, 3),
        ({}, b"", ServerError, 3),
    ],
)
def test_a_crash_of_the_studio_means_an_unknown_conversation_and_is_asked_for_once(
    driver: Driver, sleeps: list[float], call: str, headers: dict[str, str], body: bytes, error: Any, asked: int
) -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(500, headers=headers, content=body)

    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(answer))
    with pytest.raises(error) as caught:
        driver.run(getattr(client.chats, call)(conversation_id="1", chat_id="2"))
    assert (type(caught.value), len(requests)) == (error, asked)
    if error is NotFound:
        assert "conversation id" in str(caught.value)
        assert caught.value.logid == "log1"


# --- what holds as it is ---


def test_a_cancelled_chat_is_seen_as_ended_though_it_runs_on(studio: ConnectedClient) -> None:
    chat: Chat = studio.run(
        studio.client.chats.create(
            bot_id=studio.emulator.bots["slow"], user_id="u", additional_messages=[Message.user("hi")]
        )
    )
    where = {"conversation_id": chat.conversation_id, "chat_id": chat.id}
    assert studio.run(studio.client.chats.cancel(**where)).is_terminal


def test_messages_of_a_conversation_without_any_are_an_empty_list(studio: ConnectedClient) -> None:
    conversation = studio.run(studio.client.conversations.create())
    assert studio.collect(studio.client.conversations.messages.list(conversation_id=conversation.id)) == []
    result = studio.run(studio.ask("hi").read())
    where = {"conversation_id": result.chat.conversation_id, "chat_id": "2"}
    assert studio.run(studio.client.chats.messages(**where)) == ()


def test_a_call_of_a_plugin_is_read_in_the_form_of_models(studio: ConnectedClient) -> None:
    studio.emulator.add_bot("search", thinks)
    messages = studio.run(studio.ask(bot="search").read()).messages
    call = next(message for message in messages if message.type == "function_call")
    assert isinstance(call.decoded, dict)
    assert json.loads(call.decoded["function"]["arguments"]) == {"query": "hello there"}
