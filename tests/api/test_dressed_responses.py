"""A response is read by what it is: a stream where JSON was asked, JSON where a stream was, and any content type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from coze_client import ChatFailed, CozeError, ProtocolError, RateLimited, StreamInterrupted, TransportError
from tests.support.clients import Driver
from tests.support.scripted_coze import (
    ASK,
    BERN,
    Event,
    ScriptedCoze,
    as_json,
    as_stream,
    chat,
    created,
    delta,
    ended,
    message,
    scripted,
    sse,
    whole_stream,
)

KINDS = [None, "application/json", "text/plain", "text/html", "application/octet-stream", "Text/Event-Stream"]
RUN: list[Event] = [
    ("Message", {"content": "Bern", "node_title": "End", "node_seq_id": "0", "node_is_finish": True}),
    ("Done", {"debug_url": "https://d"}),
]
STREAMS: dict[str, Callable[[Any], Any]] = {
    "/v3/chat": lambda client: client.chats.stream(**ASK),
    "/v1/workflow/stream_run": lambda client: client.workflows.stream(workflow_id="5"),
    "/open_api/v2/chat": lambda client: client.legacy_chats.stream(bot_id="1", user="u", query="q"),
}
EMPTY: list[dict[str, object]] = [{"code": 0, "msg": "success"}, {"code": 0, "data": {}}, {"code": 0, "data": None}, {}]
ENDED = ended(message("Bern"))


# --- a stream, whatever its content type ---


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lead", [b"", b"\xef\xbb\xbf", b"\n\n", b": ping\n\n", b"id: 1\n"])
def test_a_stream_of_any_content_type_is_a_stream(driver: Driver, kind: str | None, lead: bytes) -> None:
    headers = {"content-type": kind} if kind else {}
    response = httpx.Response(200, headers=headers, stream=httpx.ByteStream(lead + sse(BERN)))
    client = scripted(driver, ScriptedCoze({"/v3/chat": response}))
    asked = client.chats.stream(**ASK)
    assert "".join(event.delta for event in driver.collect(asked)) == asked.text == "Bern"


@pytest.mark.parametrize("size", [1, 3, 50])
def test_the_pieces_in_which_it_arrives_do_not_matter(driver: Driver, size: int) -> None:
    response = as_stream(BERN, kind="application/json", size=size)
    asked = scripted(driver, ScriptedCoze({"/v3/chat": response})).chats.stream(**ASK)
    assert driver.run(asked.read()).text == "Bern"


@pytest.mark.parametrize("kind", KINDS[:3])
def test_a_workflows_stream_of_any_content_type_is_a_stream(driver: Driver, kind: str | None) -> None:
    client = scripted(driver, ScriptedCoze({"/v1/workflow/stream_run": as_stream(RUN, kind=kind)}))
    assert driver.run(client.workflows.execute(workflow_id="5")).text == "Bern"


# --- JSON where a stream was asked ---


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream", "text/plain"])
def test_a_chat_that_started_without_a_stream_is_followed_to_its_end(
    driver: Driver, sleeps: list[float], kind: str
) -> None:
    start = as_json(chat("in_progress"))
    start.headers["content-type"] = kind
    coze = ScriptedCoze({"/v3/chat": start, **ENDED})
    asked = scripted(driver, coze).chats.stream(**ASK)
    events = driver.collect(asked)
    assert "".join(event.delta for event in events) == asked.text == "Bern"
    assert (asked.chat_id, asked.chat.status) == ("7", "completed")
    assert coze.paths == ["/v3/chat", "/v3/chat/retrieve", "/v3/chat/message/list"]


def test_a_chat_that_cannot_be_followed_keeps_its_id(driver: Driver, sleeps: list[float]) -> None:
    coze = ScriptedCoze({"/v3/chat": as_json(chat("in_progress")), "/v3/chat/retrieve": httpx.Response(404)})
    with pytest.raises(StreamInterrupted) as caught:
        driver.run(scripted(driver, coze).chats.stream(**ASK).read())
    assert (caught.value.chat_id, caught.value.conversation_id) == ("7", "8")
    flow = ScriptedCoze({"/v1/workflows/chat": as_json(chat("in_progress"))})
    ask = scripted(driver, flow).workflows.chat(workflow_id="5", bot_id="1", additional_messages=[])
    with pytest.raises(StreamInterrupted) as caught:
        driver.run(ask.read())
    assert caught.value.chat_id == "7"


def test_a_refusal_as_json_still_has_its_class_and_is_retried(driver: Driver, sleeps: list[float]) -> None:
    busy = httpx.Response(200, json={"code": 4020, "msg": "slow down"})
    coze = ScriptedCoze({"/v3/chat": lambda: busy})
    with pytest.raises(RateLimited):
        driver.run(scripted(driver, coze).chats.stream(**ASK).read())
    assert coze.count("/v3/chat") == 3


@pytest.mark.parametrize("body", EMPTY)
@pytest.mark.parametrize("path", STREAMS)
def test_a_success_without_anything_is_an_error_at_once(driver: Driver, body: dict[str, object], path: str) -> None:
    coze = ScriptedCoze({path: httpx.Response(200, json=body, headers={"x-tt-logid": "log1"})})
    client = scripted(driver, coze)
    with pytest.raises(CozeError) as caught:
        driver.run(STREAMS[path](client).read())
    assert caught.value.logid == "log1"
    assert coze.paths == [path]


def test_a_workflow_that_ran_without_a_stream_gives_its_result(driver: Driver) -> None:
    ran = as_json('{"city": "Bern"}', execute_id="6", debug_url="https://d")
    client = scripted(driver, ScriptedCoze({"/v1/workflow/stream_run": ran}))
    result = driver.run(client.workflows.execute(workflow_id="5"))
    assert (result.output, result.debug_url) == ({"city": "Bern"}, "https://d")
    asked = client.workflows.stream(workflow_id="5")
    assert [event.type for event in driver.collect(asked)] == ["message", "done"]


def test_a_workflow_that_only_started_names_the_id_of_its_run(driver: Driver) -> None:
    client = scripted(driver, ScriptedCoze({"/v1/workflow/stream_run": as_json(None, execute_id="678")}))
    with pytest.raises(StreamInterrupted, match="678"):
        driver.run(client.workflows.execute(workflow_id="5"))


def test_a_v2_chat_that_is_answered_as_json_is_read(driver: Driver) -> None:
    said = {"role": "assistant", "type": "answer", "content": "Bern", "content_type": "text"}
    whole = as_json(None, messages=[said], conversation_id="8")
    asked = scripted(driver, ScriptedCoze({"/open_api/v2/chat": whole})).legacy_chats.stream(
        bot_id="1", user="u", query="q"
    )
    assert "".join(event.delta for event in driver.collect(asked)) == asked.text == "Bern"
    assert asked.conversation_id == "8"


# --- a stream where JSON was asked ---


@pytest.mark.parametrize("kind", KINDS)
def test_a_chat_that_is_streamed_although_json_was_asked_is_read(driver: Driver, kind: str | None) -> None:
    coze = ScriptedCoze({"/v3/chat": lambda: as_stream(BERN, kind=kind)})  # it has no other routes
    client = scripted(driver, coze)
    started = driver.run(client.chats.create(**ASK))
    assert (started.id, started.status) == ("7", "completed")
    result = driver.run(client.chats.create_and_poll(**ASK))
    assert (result.text, result.chat.status) == ("Bern", "completed")
    assert coze.paths == ["/v3/chat", "/v3/chat"]


def test_a_chat_that_fails_in_such_a_stream_is_returned_as_failed(driver: Driver) -> None:
    failed = chat("failed", last_error={"code": 5000, "msg": "broke"})
    events: list[Event] = [created(), delta("Be"), ("conversation.chat.failed", failed)]
    client = scripted(driver, ScriptedCoze({"/v3/chat": lambda: as_stream(events)}))
    for result in (client.chats.create(**ASK), client.chats.create_and_poll(**ASK)):
        found = driver.run(result)
        ended = getattr(found, "chat", found)
        assert (ended.status, ended.last_error.code) == ("failed", 5000)


def test_a_refusal_in_such_a_stream_is_an_error(driver: Driver) -> None:
    refusal: list[Event] = [("error", {"code": 4006, "msg": "no such bot"})]
    client = scripted(driver, ScriptedCoze({"/v3/chat": lambda: as_stream(refusal)}))
    for start in (client.chats.create, client.chats.create_and_poll):
        with pytest.raises(CozeError) as caught:
            driver.run(start(**ASK))
        assert caught.value.code == 4006


def test_such_a_stream_without_an_answer_is_a_failed_chat(driver: Driver) -> None:
    client = scripted(driver, ScriptedCoze({"/v3/chat": as_stream(whole_stream())}))
    with pytest.raises(ChatFailed, match="without an answer"):
        driver.run(client.chats.create_and_poll(**ASK))


def test_such_a_stream_that_breaks_keeps_the_id_of_the_chat(driver: Driver, sleeps: list[float]) -> None:
    broken = ScriptedCoze({"/v3/chat": lambda: as_stream([created(), delta("Be")], broken=True), **ENDED})
    client = scripted(driver, broken)
    assert driver.run(client.chats.create(**ASK)).id == "7"
    assert driver.run(client.chats.create_and_poll(**ASK)).text == "Bern"
    nameless = ScriptedCoze({"/v3/chat": as_stream([], broken=True)})
    with pytest.raises((TransportError, ProtocolError)):
        driver.run(scripted(driver, nameless).chats.create(**ASK))
    assert nameless.count("/v3/chat") == 1


def test_a_run_that_is_streamed_although_json_was_asked_is_read(driver: Driver) -> None:
    client = scripted(driver, ScriptedCoze({"/v1/workflow/run": lambda: as_stream(RUN)}))
    assert driver.run(client.workflows.run(workflow_id="5")).data == "Bern"
    assert driver.run(client.workflows.execute(workflow_id="5", mode="sync")).text == "Bern"


@pytest.mark.parametrize("broken", [RUN[:1], [("Error", {"error_code": 4000, "error_message": "no"})]])
def test_a_run_that_breaks_or_fails_in_such_a_stream_is_an_error(driver: Driver, broken: list[Event]) -> None:
    client = scripted(driver, ScriptedCoze({"/v1/workflow/run": as_stream(broken)}))
    with pytest.raises(CozeError) as caught:
        driver.run(client.workflows.run(workflow_id="5"))
    assert "base_url" not in caught.value.cure


def test_an_interrupt_in_such_a_stream_is_told(driver: Driver) -> None:
    asks = [("Interrupt", {"interrupt_data": {"event_id": "1/2", "type": 2, "data": ""}, "node_title": "Ask"})]
    client = scripted(driver, ScriptedCoze({"/v1/workflow/run": as_stream(asks)}))
    assert driver.run(client.workflows.run(workflow_id="5")).interrupt_data.event_id == "1/2"


def test_a_v2_chat_that_is_streamed_although_json_was_asked_is_read(driver: Driver) -> None:
    part = {"role": "assistant", "type": "answer", "content": "Bern", "content_type": "text"}
    events: list[Event] = [
        ("message", {"event": "message", "message": part, "is_finish": True, "index": 0, "conversation_id": "8"}),
        ("done", {"event": "done"}),
    ]
    client = scripted(driver, ScriptedCoze({"/open_api/v2/chat": as_stream(events)}))
    found = driver.run(client.legacy_chats.create(bot_id="1", user="u", query="q"))
    assert (found.text, found.conversation_id) == ("Bern", "8")
