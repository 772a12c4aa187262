"""Spans of chats: one for each call, with ids, tokens and errors, and without content unless it is asked for."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from coze_client import AsyncCozeClient, CozeError, Message
from coze_client.core.telemetry import CONTENT_SETTING
from coze_client.emulator import Emulator, faults
from tests.support.clients import ConnectedClient, Driver
from tests.support.event_streams import event_stream
from tests.support.recorded_telemetry import RecordedTelemetry, attributes

ASKED = "what is the hidden question"

Ask = Callable[[ConnectedClient], object]


def given(coze: ConnectedClient, bot: str = "echo", text: str = ASKED) -> dict[str, Any]:
    return {"bot_id": coze.emulator.bots[bot], "user_id": "u1", "additional_messages": [Message.user(text)]}


def streamed(coze: ConnectedClient) -> None:
    coze.collect(coze.client.chats.stream(**given(coze)))


def read(coze: ConnectedClient) -> None:
    coze.run(coze.client.chats.stream(**given(coze)).read())


def polled(coze: ConnectedClient) -> None:
    coze.run(coze.client.chats.create_and_poll(**given(coze)))


def everything(spans: list[ReadableSpan]) -> str:
    return " ".join(each.to_json() for each in spans)


@pytest.mark.parametrize("ask", [streamed, read, polled])
def test_a_chat_is_one_span_below_the_current_one_with_bot_ids_status_and_tokens(
    coze: ConnectedClient, telemetry: RecordedTelemetry, sleeps: list[float], ask: Ask
) -> None:
    with telemetry.tracer.start_as_current_span("caller") as caller:
        ask(coze)
    span, bot = telemetry.span("chat"), coze.emulator.bots["echo"]
    assert len(telemetry.spans) == 2
    assert span.parent == caller.get_span_context()
    assert (span.name, span.kind, span.status.status_code) == (f"chat {bot}", trace.SpanKind.CLIENT, StatusCode.UNSET)
    found = attributes(span)
    assert found["gen_ai.provider.name"] == "coze"
    assert found["gen_ai.request.model"] == found["gen_ai.agent.id"] == bot
    assert found["server.address"] == "127.0.0.1"
    assert found["coze.chat.status"] == "completed"
    chat = coze.run(
        coze.client.chats.retrieve(conversation_id=found["gen_ai.conversation.id"], chat_id=found["gen_ai.response.id"])
    )
    counted = found["gen_ai.usage.input_tokens"], found["gen_ai.usage.output_tokens"]
    assert counted == (chat.usage.input_count, chat.usage.output_count)
    assert chat.usage.token_count


@pytest.mark.parametrize("ask", [streamed, read])
def test_a_stream_tells_when_its_answer_began(coze: ConnectedClient, telemetry: RecordedTelemetry, ask: Ask) -> None:
    ask(coze)
    span = telemetry.span("chat")
    assert span.start_time is not None
    assert span.end_time is not None
    first = attributes(span)["gen_ai.response.time_to_first_chunk"]
    assert isinstance(first, float)
    assert 0 < first <= (span.end_time - span.start_time) / 1e9


def test_a_chat_that_is_only_started_has_a_span_of_its_start(
    coze: ConnectedClient, telemetry: RecordedTelemetry
) -> None:
    chat = coze.run(coze.client.chats.create(**given(coze)))
    found = attributes(telemetry.span("chat"))
    assert (found["gen_ai.response.id"], found["coze.chat.status"]) == (chat.id, chat.status)
    assert "coze.stream.complete" not in found


def test_tool_outputs_are_a_span_of_the_same_chat(coze: ConnectedClient, telemetry: RecordedTelemetry) -> None:
    asked = coze.ask("weather in Bern?", bot="plugins")
    coze.collect(asked)
    outputs = [{"tool_call_id": each.id, "output": "sunny"} for each in asked.chat.tool_calls]
    ids = {"conversation_id": asked.conversation_id, "chat_id": asked.chat_id}
    coze.collect(coze.client.chats.stream_tool_outputs(**ids, tool_outputs=outputs))
    first, second = map(attributes, telemetry.spans)
    assert (first["coze.chat.status"], second["coze.chat.status"]) == ("requires_action", "completed")
    for name in ("gen_ai.response.id", "gen_ai.conversation.id"):
        assert first[name] == second[name]


@pytest.mark.parametrize("ask", [streamed, read, polled])
def test_a_failed_call_tells_the_type_of_its_error_but_not_its_text(
    coze: ConnectedClient, telemetry: RecordedTelemetry, ask: Ask
) -> None:
    coze.emulator.inject(faults.Coded(4000, f"bad parameter {ASKED}"))
    with pytest.raises(CozeError, match=ASKED):
        ask(coze)
    span = telemetry.span("chat")
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    found = attributes(span)
    assert (found["error.type"], found["coze.error.code"]) == ("InvalidRequest", "4000")
    assert ASKED not in everything(telemetry.spans)


def test_a_stream_that_fails_ends_its_span_with_the_error(coze: ConnectedClient, telemetry: RecordedTelemetry) -> None:
    coze.emulator.inject(faults.ErrorEvent())
    with pytest.raises(CozeError) as caught:
        streamed(coze)
    assert attributes(telemetry.span("chat"))["error.type"] == type(caught.value).__name__


def test_the_span_of_a_stream_ends_when_it_is_closed_early(coze: ConnectedClient, telemetry: RecordedTelemetry) -> None:
    asked = coze.ask("one two three")
    assert coze.collect(asked, limit=3)
    span = telemetry.span("chat")
    assert attributes(span)["coze.stream.complete"] is False
    assert attributes(span)["gen_ai.response.id"] == asked.chat_id
    assert span.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize("begun", [True, False])
def test_the_span_of_a_stream_ends_when_the_stream_is_dropped(
    coze: ConnectedClient, telemetry: RecordedTelemetry, begun: bool
) -> None:
    def drop() -> None:
        asked = coze.ask("one two three").__enter__()
        assert not begun or next(asked)

    async def drop_and_leave() -> None:
        asked = await coze.ask("one two three").__aenter__()
        assert not begun or await asked.__anext__()
        del asked
        gc.collect()
        await coze.client.close()

    if isinstance(coze.client, AsyncCozeClient):
        coze.run(drop_and_leave())
    else:
        drop()
        gc.collect()
    assert attributes(telemetry.span("chat"))["coze.stream.complete"] is False


def test_the_callers_span_stays_the_current_one_while_a_stream_is_open(
    coze: ConnectedClient, telemetry: RecordedTelemetry
) -> None:
    seen: set[trace.Span] = set()

    def look() -> None:
        for _ in coze.ask():
            seen.add(trace.get_current_span())

    async def look_async() -> None:
        async for _ in coze.ask():
            seen.add(trace.get_current_span())

    with telemetry.tracer.start_as_current_span("caller") as caller:
        if isinstance(coze.client, AsyncCozeClient):
            coze.run(look_async())
        else:
            look()
    assert seen == {caller}


def test_streams_of_several_tasks_have_the_parents_of_their_tasks(
    emulator: Emulator, telemetry: RecordedTelemetry
) -> None:
    async def ask(client: AsyncCozeClient, name: str) -> None:
        with telemetry.tracer.start_as_current_span(name):
            await client.chats.stream(
                bot_id=emulator.bots["echo"], user_id=name, additional_messages=[Message.user(name)]
            ).read()

    async def ask_all() -> None:
        async with AsyncCozeClient(emulator.token, base_url=emulator.url) as client:
            await asyncio.gather(*[ask(client, name) for name in "abc"])

    asyncio.run(ask_all())
    chats = [each for each in telemetry.spans if each.name.startswith("chat ")]
    callers = {each.context.span_id for each in telemetry.spans if each.name in "abc"}
    assert {each.parent.span_id for each in chats if each.parent} == callers
    assert len(callers) == 3


@pytest.mark.parametrize("ask", [streamed, read, polled])
@pytest.mark.parametrize("setting", ["", "true"])
def test_questions_and_answers_are_told_only_if_the_environment_asks_for_them(
    coze: ConnectedClient,
    telemetry: RecordedTelemetry,
    monkeypatch: pytest.MonkeyPatch,
    sleeps: list[float],
    ask: Ask,
    setting: str,
) -> None:
    monkeypatch.setenv(CONTENT_SETTING, setting)
    ask(coze)
    found = attributes(telemetry.span("chat"))
    told = [found.get("gen_ai.input.messages"), found.get("gen_ai.output.messages")]
    if setting:
        assert all(ASKED in str(text) for text in told)
        assert len(told) == 2
    else:
        assert ASKED not in everything(telemetry.spans)


@pytest.mark.parametrize("ask", [streamed, read, polled])
def test_a_token_that_the_server_repeats_is_on_no_span(
    driver: Driver, emulator: Emulator, telemetry: RecordedTelemetry, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    monkeypatch.setenv(CONTENT_SETTING, "true")
    token = emulator.token
    chat = {"id": token, "conversation_id": token, "bot_id": token, "status": "completed"}
    answer = {**chat, "role": "assistant", "type": "answer", "content": f"I saw {token}", "content_type": "text"}
    events = [
        ("conversation.chat.created", {**chat, "status": "created"}),
        ("conversation.message.completed", answer),
        ("conversation.chat.completed", chat),
        ("done", "[DONE]"),
    ]
    headers = {"x-tt-logid": token}
    emulator.inject(faults.HttpStatus(200, event_stream(*events), "text/event-stream", headers))
    ask(ConnectedClient(driver, emulator))
    assert "I saw [token]" in str(attributes(telemetry.span("chat"))["gen_ai.output.messages"])
    assert token not in everything(telemetry.spans)
