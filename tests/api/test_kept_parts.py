"""A response that breaks off keeps what came: the text, the ids and the log id, in whatever form it was sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from coze_client import CozeError, Interrupt, Message
from tests.support.clients import Driver
from tests.support.replay import Body
from tests.support.scripted_coze import ScriptedCoze, chat, message, sse

Call = Callable[[Driver, Any], Any]
CHAT = {"bot_id": "1", "user_id": "u", "additional_messages": [Message.user("hi")]}
V2 = {"bot_id": "1", "user": "u", "query": "hi"}
ANSWER = {"interrupt": Interrupt(event_id="1", type=2), "answer": "yes", "streamed": False}


def read(stream: Callable[[Any], Any]) -> Call:
    return lambda driver, client: driver.run(stream(client).read())


def call(method: Callable[[Any], Any]) -> Call:
    return lambda driver, client: driver.run(method(client))


RUNS: dict[str, tuple[str, Call]] = {
    "run": ("/v1/workflow/run", call(lambda client: client.workflows.run(workflow_id="5"))),
    "run_async": ("/v1/workflow/run", call(lambda client: client.workflows.run_async(workflow_id="5"))),
    "sync": ("/v1/workflow/run", call(lambda client: client.workflows.execute(workflow_id="5", mode="sync"))),
    "answer": ("/v1/workflows/resume", call(lambda client: client.workflows.answer(workflow_id="5", **ANSWER))),
    "stream": ("/v1/workflow/stream_run", read(lambda client: client.workflows.stream(workflow_id="5"))),
    "execute": ("/v1/workflow/stream_run", call(lambda client: client.workflows.execute(workflow_id="5"))),
}
V2_CHATS: dict[str, tuple[str, Call]] = {
    "create": ("/open_api/v2/chat", call(lambda client: client.legacy_chats.create(**V2))),
    "stream": ("/open_api/v2/chat", read(lambda client: client.legacy_chats.stream(**V2))),
}
CHATS: dict[str, tuple[str, Call]] = {
    "create": ("/v3/chat", call(lambda client: client.chats.create(**CHAT))),
    "create_and_poll": ("/v3/chat", call(lambda client: client.chats.create_and_poll(**CHAT))),
    "stream": ("/v3/chat", read(lambda client: client.chats.stream(**CHAT))),
    "chatflow": (
        "/v1/workflows/chat",
        read(lambda client: client.workflows.chat(workflow_id="5", bot_id="1", additional_messages=[])),
    ),
}
KINDS = ["application/json", "text/event-stream", "text/plain"]
ANSWERED = {"role": "assistant", "type": "answer", "content_type": "text"}
RUN_JSON = {"code": 0, "execute_id": "678", "debug_url": "https://d", "data": "Take half a tablet", "msg": ""}
V2_JSON = {"code": 0, "conversation_id": "8", "messages": [{**ANSWERED, "content": "Take half a tablet"}], "msg": ""}
CHAT_JSON = {"code": 0, "data": chat("in_progress"), "msg": ""}
NODES = sse([("Message", {"content": part, "node_title": "End"}) for part in ("Take ", "half ", "a tablet")])
V2_PARTS = sse(
    [
        ("message", {"event": "message", "message": {**ANSWERED, "content": part}, "conversation_id": "8"})
        for part in ("Take ", "half ", "a tablet")
    ]
)


def errors_of_cuts(driver: Driver, path: str, read: Call, body: bytes, kind: str) -> list[tuple[bytes, CozeError]]:
    """The first part of the body at several cuts, with the error that the call then raises."""
    found = []
    for cut in range(1, len(body), 9):
        part = body[:cut]
        broken = bool(cut % 2)  # else it ends as a whole body does
        headers = {"content-type": kind, "x-tt-logid": "log1"}
        coze = ScriptedCoze({path: httpx.Response(200, headers=headers, stream=Body(part, 50, broken=broken))})
        client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(coze), retry=None)
        with pytest.raises(CozeError) as caught:
            read(driver, client)
        assert coze.paths == [path], part
        assert caught.value.logid == "log1", part
        found.append((part, caught.value))
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", RUNS)
def test_the_json_of_a_run_that_breaks_off_keeps_its_ids_and_output(driver: Driver, name: str, kind: str) -> None:
    path, start = RUNS[name]
    for part, error in errors_of_cuts(driver, path, start, json.dumps(RUN_JSON).encode(), kind):
        assert error.execute_id == ("678" if b'"678"' in part else ""), part
        assert error.debug_url == ("https://d" if b'"https://d"' in part else ""), part
        assert "Take half a tablet".startswith(error.text)
        assert bool(error.text) == (b'"data": "T' in part), part


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", RUNS)
def test_the_stream_of_a_run_that_breaks_off_keeps_its_text(driver: Driver, name: str, kind: str) -> None:
    path, start = RUNS[name]
    for part, error in errors_of_cuts(driver, path, start, NODES, kind):
        assert error.text == "".join(["Take ", "half ", "a tablet"][: part.count(b"}")]), part


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", V2_CHATS)
def test_a_v2_chat_that_breaks_off_keeps_its_conversation_and_text(driver: Driver, name: str, kind: str) -> None:
    path, start = V2_CHATS[name]
    for part, error in errors_of_cuts(driver, path, start, json.dumps(V2_JSON).encode(), kind):
        assert error.conversation_id == ("8" if b'"8"' in part else None), part
        assert "Take half a tablet".startswith(error.text)
        assert bool(error.text) == (b'"content": "T' in part), part
    for part, error in errors_of_cuts(driver, path, start, V2_PARTS, kind):
        assert error.text == "".join(["Take ", "half ", "a tablet"][: part.count(b"}\n")]), part
        assert error.conversation_id == ("8" if b"}\n" in part else None), part


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["create", "chatflow"])
def test_the_json_of_a_chat_that_breaks_off_keeps_its_ids(driver: Driver, name: str, kind: str) -> None:
    path, start = CHATS[name]
    body = json.dumps(CHAT_JSON).encode()
    started = body.index(b'"7"') + 3
    for part, error in errors_of_cuts(driver, path, start, body[:started], kind):
        assert error.chat_id is None, part
    if name == "chatflow":
        for part, error in errors_of_cuts(driver, path, start, body, kind):
            assert error.chat_id == ("7" if b'"7"' in part else None), part
            assert error.conversation_id == ("8" if b'"8"' in part else None), part


def test_a_chat_whose_json_breaks_off_is_followed_by_its_id_or_is_an_error_with_it(driver: Driver) -> None:
    body = json.dumps(CHAT_JSON).encode()[:-20]
    ended = json.dumps({"code": 0, "data": chat("completed")}).encode()
    listed = json.dumps({"code": 0, "data": [message("Bern")]}).encode()
    for kind, found in (("text/event-stream", "Bern"), ("application/json", None)):
        for name in ("stream", "create_and_poll"):
            path, start = CHATS[name]
            response = httpx.Response(200, headers={"content-type": kind}, stream=Body(body, 50, broken=True))
            coze = ScriptedCoze(
                {
                    path: response,
                    "/v3/chat/retrieve": httpx.Response(200, content=ended),
                    "/v3/chat/message/list": httpx.Response(200, content=listed),
                }
            )
            client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(coze))
            if found:
                assert start(driver, client).text == found
                continue
            with pytest.raises(CozeError) as caught:
                start(driver, client)
            assert (caught.value.chat_id, caught.value.conversation_id) == ("7", "8")
            assert coze.count(path) == 1


def test_a_run_that_only_started_keeps_its_ids(driver: Driver) -> None:
    body = {"code": 0, "data": None, "execute_id": "678", "debug_url": "https://d"}
    coze = ScriptedCoze({"/v1/workflow/stream_run": lambda: httpx.Response(200, json=body)})
    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(coze))
    for name in ("stream", "execute"):
        with pytest.raises(CozeError) as caught:
            RUNS[name][1](driver, client)
        assert (caught.value.execute_id, caught.value.debug_url) == ("678", "https://d")


def test_a_run_that_ended_or_asks_without_a_stream_keeps_its_id(driver: Driver) -> None:
    ended = {"code": 0, "data": "Bern", "execute_id": "678", "debug_url": "https://d"}
    asks = {**ended, "data": None, "interrupt_data": {"event_id": "1", "type": 2, "data": "{}"}}
    bodies = iter([ended, asks])
    coze = ScriptedCoze({"/v1/workflow/stream_run": lambda: httpx.Response(200, json=next(bodies))})
    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(coze))
    assert driver.run(client.workflows.execute(workflow_id="5")).execute_id == "678"
    with pytest.raises(CozeError) as caught:
        driver.run(client.workflows.execute(workflow_id="5"))
    assert (caught.value.execute_id, caught.value.debug_url) == ("678", "https://d")


def test_a_v2_chat_without_an_answer_keeps_its_conversation(driver: Driver) -> None:
    body = {"code": 0, "conversation_id": "8", "messages": [{**ANSWERED, "type": "follow_up", "content": "And?"}]}
    coze = ScriptedCoze({"/open_api/v2/chat": lambda: httpx.Response(200, json=body, headers={"x-tt-logid": "log1"})})
    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(coze))
    for _, start in V2_CHATS.values():
        with pytest.raises(CozeError) as caught:
            start(driver, client)
        assert (caught.value.conversation_id, caught.value.logid) == ("8", "log1")
