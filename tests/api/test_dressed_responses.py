"""A response is read by what it is: a stream where JSON was asked, JSON where a stream was, and any content type."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from coze_client import ChatFailed, CozeError, RateLimited, StreamInterrupted, TimedOut
from tests.support.clients import Driver
from tests.support.scripted_coze import (
    ASK,
    BERN,
    DONE,
    Event,
    ScriptedCoze,
    as_json,
    as_stream,
    chat,
    completed,
    created,
    delta,
    ended,
    message,
    scripted,
    sse,
    whole_stream,
)
from tests.support.scripted_server import Line, ScriptedServer, json_answer

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
    nameless = ScriptedCoze({"/v3/chat": lambda: as_stream([], broken=True)})
    for start in (scripted(driver, nameless).chats.create, scripted(driver, nameless).chats.create_and_poll):
        with pytest.raises(StreamInterrupted, match="not started again"):
            driver.run(start(**ASK))
    assert nameless.paths == ["/v3/chat", "/v3/chat"]


HALF: list[Event] = [created(), completed(message("First. ", id_="1")), delta("Half")]


@pytest.mark.parametrize(
    "found",
    [
        {"/v3/chat/message/list": as_json([message("First. ", id_="1")])},
        {"/v3/chat/message/list": httpx.Response(404)},
        {"/v3/chat/retrieve": httpx.Response(404)},
        {"/v3/chat/message/list": as_json([message("Other", id_="9")])},
    ],
    ids=["not listed", "no list", "no chat", "contradicted"],
)
@pytest.mark.parametrize("last", [[], [DONE]], ids=["broken", "done"])
def test_such_a_stream_that_is_not_whole_is_an_error_with_all_that_came(
    driver: Driver, sleeps: list[float], last: list[Event], found: dict[str, httpx.Response]
) -> None:
    start = as_stream([*HALF, *last], broken=not last)
    coze = ScriptedCoze({"/v3/chat": start, **ENDED, **found})
    with pytest.raises(StreamInterrupted) as caught:
        driver.run(scripted(driver, coze).chats.create_and_poll(**ASK))
    error = caught.value
    assert (error.text, error.chat_id, error.conversation_id, error.logid) == ("First. Half", "7", "8", "log1")
    assert coze.count("/v3/chat") == 1


class Stopped(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in whose middle the reader is stopped: by Ctrl-C, or by cancelling its task."""

    def __init__(self, begin: bytes) -> None:
        self.begin = begin

    def __iter__(self) -> Iterator[bytes]:
        yield self.begin
        raise KeyboardInterrupt

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.begin
        raise asyncio.CancelledError


def test_a_chat_that_nobody_waits_for_any_more_is_cancelled_unless_it_was_only_started(driver: Driver) -> None:
    coze = ScriptedCoze({"/v3/chat": lambda: httpx.Response(200, stream=Stopped(sse([created(), delta("Be")])))})
    client = scripted(driver, coze)
    for start, paths in (
        (client.chats.create_and_poll, ["/v3/chat", "/v3/chat/cancel"]),
        (client.chats.create, ["/v3/chat"]),
    ):
        coze.paths.clear()
        with pytest.raises((KeyboardInterrupt, asyncio.CancelledError)):
            driver.run(start(**ASK))
        assert coze.paths == paths


@pytest.mark.parametrize("silent", [False, True])
def test_such_a_stream_is_read_no_longer_than_the_deadline_of_the_call(driver: Driver, *, silent: bool) -> None:
    def serve(line: Line) -> None:
        if line.read_request().startswith(b"POST /v3/chat "):
            line.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + sse([created()]))
            line.dribble(itertools.repeat(b"" if silent else sse([delta("Be")])))
        else:
            line.send(json_answer())

    with ScriptedServer(serve) as server:
        client = driver.client(base_url=server.url)
        with pytest.raises(
            TimedOut, match=r"did not end within 0.2 s \(deadline\).*\[chat 7, conversation 8"
        ) as caught:
            driver.run(client.chats.create_and_poll(**ASK, deadline=0.2))
        assert ("Be" in caught.value.text) is not silent
        assert [head.split()[1] for head in server.requests] == [b"/v3/chat", b"/v3/chat/cancel"]


def test_a_chat_that_was_started_goes_on(driver: Driver, sleeps: list[float]) -> None:
    coze = ScriptedCoze({"/v3/chat": as_json(chat("in_progress")), **ENDED})
    assert driver.run(scripted(driver, coze).chats.create_and_poll(**ASK)).text == "Bern"
    assert "/v3/chat/cancel" not in coze.paths


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
