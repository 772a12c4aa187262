"""No error about a call that may have started something advises to call again; it tells what may go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from coze_client import CozeError, Interrupt, ServerError
from coze_client.bridge.tools.tool_outcome import is_for_model
from coze_client.core.error_codes import _CODES, _STATUSES, error_for, is_run_failure
from coze_client.core.request import Kind
from coze_client.core.retry import may_retry
from tests.support.clients import Driver
from tests.support.methods import METHODS, arguments_of, request_sent_by

Call = Callable[[Any], Any]
AGAIN = ("try again", "later", "retry", "重试")
CHECK = "Check before you call again"
BUSY = "The service is busy, please try again later."


def call_of(name: str, /, **given: object) -> Call:
    def call(client: Any) -> Any:
        owner, *path = client, *name.split(".")
        for part in path:
            owner = getattr(owner, part)
        return owner(**{**arguments_of(METHODS[name]), **given})

    return call


SENT = {name: request for name in METHODS if (request := request_sent_by(name)) is not None}
STARTS = {name: call_of(name) for name, request in SENT.items() if request.kind is Kind.START}
STARTS |= {
    "bots.update": call_of("bots.update", name="b"),
    "workflows.chat": call_of("workflows.chat", bot_id="1"),
    "chats.create_and_poll": call_of("chats.create_and_poll"),
    "files.upload": call_of("files.upload"),
    **{f"workflows.execute, {mode}": call_of("workflows.execute", mode=mode) for mode in ("stream", "sync", "async")},
    **{
        f"workflows.answer, {streamed}": call_of(
            "workflows.answer", interrupt=Interrupt(event_id="e", type=2), streamed=streamed
        )
        for streamed in (True, False)
    },
    "request": lambda client: client.request("POST", "/v1/anything", json={}),
}
READS: dict[str, Call] = {
    "users.me": call_of("users.me"),
    "chats.retrieve": call_of("chats.retrieve"),
}
RUNS = {
    "chats.create": (call_of("chats.create", conversation_id="77"), ("chats.stream", "77")),
    "chats.create, new conversation": (call_of("chats.create"), ("chats.stream",)),
    "chats.create_and_poll": (call_of("chats.create_and_poll", conversation_id="77"), ("chats.stream", "77")),
    "chats.stream": (call_of("chats.stream", conversation_id="77"), ("chats.create", "77")),
    "chats.submit_tool_outputs": (
        call_of("chats.submit_tool_outputs", conversation_id="77", chat_id="88"),
        ("chats.retrieve", "77", "88"),
    ),
    "chats.stream_tool_outputs": (
        call_of("chats.stream_tool_outputs", conversation_id="77", chat_id="88"),
        ("chats.retrieve", "77", "88"),
    ),
    "legacy_chats.create": (call_of("legacy_chats.create", conversation_id="77"), ("chats.stream", "77")),
    "legacy_chats.stream": (call_of("legacy_chats.stream", conversation_id="77"), ("chats.stream", "77")),
    "workflows.run": (call_of("workflows.run", workflow_id="99"), ("execute", "stream", "run_async", "99")),
    "workflows.execute": (
        call_of("workflows.execute", workflow_id="99", mode="sync"),
        ("execute", "stream", "run_async", "99"),
    ),
    "workflows.run_async": (call_of("workflows.run_async", workflow_id="99"), ("run_async", "99")),
    "workflows.stream": (call_of("workflows.stream", workflow_id="99"), ("run_async", "99")),
    "workflows.chat": (
        call_of("workflows.chat", workflow_id="99", bot_id="1", conversation_id="77"),
        ("run_async", "77"),
    ),
    "workflows.resume": (call_of("workflows.resume", workflow_id="99", event_id="e/5"), ("stream", "99", "e/5")),
    "workflows.stream_resume": (
        call_of("workflows.stream_resume", workflow_id="99", event_id="e/5"),
        ("run_async", "99", "e/5"),
    ),
}


def envelope(code: int, message: str = BUSY) -> httpx.Response:
    return httpx.Response(200, json={"code": code, "msg": message})


UNSURE: dict[str, httpx.Response | Exception] = {
    **{str(status): httpx.Response(status, json={"msg": BUSY}) for status in (408, 500, 502, 503, 504, 599)},
    "502 page": httpx.Response(502, html="<html>Bad Gateway</html>"),
    "504 empty": httpx.Response(504),
    "500 text": httpx.Response(500, text=BUSY),
    "503 of a gateway": httpx.Response(503, json={"error": BUSY}, headers={"retry-after": "5"}),
    "503 with a word": httpx.Response(503, json={"error": "unavailable", "error_description": BUSY}),
    "5000": envelope(5000),
    "an unknown code": envelope(987654321),
    "a code of a node": envelope(777777775, "code=4020 message=the node's service says: retry later\nstack=…"),
    "a conversation that a node found busy": envelope(777777775, "code=4016 message=a chat still runs\nstack=…"),
    "HTML at 200": httpx.Response(200, html="<html>hello</html>"),
    "nothing at 200": httpx.Response(200, json=None, content=b""),
    "half JSON": httpx.Response(200, text='{"code": 0, "da'),
    "broken connection": httpx.ReadError("broke"),
    "no answer": httpx.RemoteProtocolError("Server disconnected without sending a response."),
    "silence": httpx.ReadTimeout("silent"),
    "slow upload": httpx.WriteTimeout("slow"),
}
CODES = {
    str(code): envelope(code) for code, (kind, _) in _CODES.items() if kind is ServerError and not is_run_failure(code)
}
NOTHING_STARTED: dict[str, httpx.Response | Exception] = {
    "429": httpx.Response(429),
    "4009": envelope(4009),
    "no connection": httpx.ConnectError("refused"),
    "no connection in time": httpx.ConnectTimeout("slow"),
    "not implemented": httpx.Response(501),
    "refused by coze-studio": httpx.Response(400, json={"code": 400, "msg": "code=103100002 message=no\nstack=…"}),
}


def error_of(driver: Driver, call: Call, outcome: httpx.Response | Exception) -> CozeError:
    with pytest.raises(CozeError) as caught:
        run(driver, call(client_with(driver, outcome)))
    return caught.value


def run(driver: Driver, value: Any) -> Any:
    iterable = hasattr(value, "__next__") or hasattr(value, "__anext__")
    return driver.collect(value) if iterable else driver.run(value)


def test_the_catalogue_has_every_start() -> None:
    assert len(STARTS) >= 35
    assert {"chats.create", "chats.stream", "workflows.run", "bots.publish", "plugins.call"} <= STARTS.keys()
    assert {name for name, call in STARTS.items() if name.startswith(("chats", "legacy"))} <= {*RUNS}


@pytest.mark.parametrize("name", STARTS)
def test_a_start_that_may_have_happened_is_to_be_checked_first(driver: Driver, name: str) -> None:
    every_code = (
        CODES if name in ("chats.create_and_poll", "chats.stream", "workflows.execute, async", "request") else {}
    )
    for kind, outcome in {**UNSURE, **every_code}.items():
        error = error_of(driver, STARTS[name], outcome)
        assert CHECK in error.cure, kind
        assert not [word for word in AGAIN if word in str(error).lower()], kind
        assert not may_retry(Kind.START, error), kind


@pytest.mark.parametrize("name", ["workflows.run", "workflows.execute, sync", "workflows.resume"])
def test_a_run_that_has_failed_keeps_the_cure_of_its_failure_and_is_not_started_again(
    driver: Driver, name: str
) -> None:
    codes = [code for code in _CODES if is_run_failure(code)]
    assert len(codes) > 40
    for code in codes:
        error = error_of(driver, STARTS[name], envelope(code))
        assert error.cure == error_for(code, "").cure, code
        assert not [word for word in AGAIN if word in str(error).lower()], code
        assert not may_retry(Kind.START, error), code


@pytest.mark.parametrize("name", RUNS)
def test_it_names_what_it_knows_and_the_call_that_survives(driver: Driver, name: str) -> None:
    call, named = RUNS[name]
    for kind in ("504", "no answer", "silence", "5000", "half JSON"):
        error = error_of(driver, call, UNSURE[kind])
        assert not [each for each in named if each not in error.cure], (kind, error.cure)
        assert "go on" in error.cure or "goes on" in error.cure
        assert error.conversation_id == ("77" if "77" in named else None)
        assert error.chat_id == ("88" if "88" in named else None)


@pytest.mark.parametrize("name", STARTS)
def test_a_start_that_certainly_did_not_happen_keeps_its_own_cure(driver: Driver, name: str) -> None:
    for kind, outcome in NOTHING_STARTED.items():
        error = error_of(driver, STARTS[name], outcome)
        assert CHECK not in error.cure, kind
        assert error.cure, kind


@pytest.mark.parametrize("call", READS.values(), ids=READS)
def test_a_read_has_nothing_to_be_checked(driver: Driver, call: Call) -> None:
    for kind, outcome in {**UNSURE, **CODES}.items():
        assert CHECK not in error_of(driver, call, outcome).cure, kind


def test_the_tables_have_failures_of_the_server() -> None:
    assert len([kind for kind, _ in [*_CODES.values(), *_STATUSES.values()] if kind is ServerError]) > 4


def client_with(driver: Driver, *answers: httpx.Response | Exception) -> Any:
    """A client whose first requests get these answers, and all others the last one."""
    left = list(answers)

    def respond(request: httpx.Request) -> httpx.Response:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    return driver.client("t", base_url="http://coze", transport=httpx.MockTransport(respond), retry=None)


def test_an_error_after_a_run_has_started_names_it_and_permits_no_second(driver: Driver) -> None:
    started = httpx.Response(200, json={"code": 0, "execute_id": "e7"})
    for kind, outcome in {**UNSURE, **CODES, **NOTHING_STARTED}.items():
        client = client_with(driver, started, outcome)
        with pytest.raises(CozeError) as caught:
            driver.run(client.workflows.execute(workflow_id="1", mode="async"))
        error = caught.value
        assert error.execute_id == "e7", kind
        assert "client.workflows.result(" in error.cure, kind
        assert "e7" in str(error), kind
        assert not may_retry(Kind.START, error), kind
        assert is_for_model(error), kind


@pytest.mark.parametrize("outcome", NOTHING_STARTED.values(), ids=NOTHING_STARTED)
def test_an_error_after_a_chat_has_started_names_it_and_permits_no_second(
    driver: Driver, outcome: httpx.Response | Exception
) -> None:
    chat = {"id": "c7", "conversation_id": "v8", "status": "completed"}
    client = client_with(driver, httpx.Response(200, json={"code": 0, "data": chat}), outcome)
    with pytest.raises(CozeError) as caught:
        driver.run(client.chats.create_and_poll(bot_id="1", user_id="u"))
    assert (caught.value.chat_id, caught.value.conversation_id) == ("c7", "v8")
    assert not may_retry(Kind.START, caught.value)
