"""Server texts: an error shows a sentence of them and keeps the rest; a code inside them counts."""

from __future__ import annotations

import asyncio
import logging
import pickle
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client import (
    APIError,
    AuthenticationError,
    ChatFailed,
    CozeError,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    ServerError,
    WorkflowFailed,
)
from coze_client.bridge.tools.tool_outcome import capture_outcome
from coze_client.core.error_codes import error_for
from coze_client.core.server_text import read_server_text, without_advice
from tests.support.clients import Driver
from tests.support.event_streams import event_stream

GO_STACK = "goroutine 3 [running]:\n" + "".join(
    f"example.org/part{n}.(*Service).Run(0x{n:08x})\n\t/app/part{n}.go:{n} +0x{n:x}\n" for n in range(150)
)
PYTHON_STACK = "Traceback (most recent call last):\n" + '  File "/srv/node.py", line 7, in run\n    work()\n' * 100
JAVA_STACK = "".join(f"\n\tat com.example.Node{n}.run(Node{n}.java:{n})" for n in range(100))
TRACES = {
    "Go": f"The node panicked\nstack: {GO_STACK}",
    "Go, without a word before": f"The node panicked, \n{GO_STACK}",
    "Go, escaped": f"The node panicked\nstack={GO_STACK}".replace("\n", "\\n"),
    "Go, on one line": f"The node panicked stack={GO_STACK}".replace("\n", " "),
    "coze-studio": "code=720701013 message=The node panicked\nstack=service.go:91 run\nservice.go:17 start\n" * 1,
    "Python": f"The node panicked\n{PYTHON_STACK}ValueError: bad",
    "Java": f"The node panicked{JAVA_STACK}",
}
LONG = "The node panicked because " + "of this and that and " * 5000


@pytest.mark.parametrize("text", TRACES.values(), ids=TRACES)
def test_no_stack_trace_is_in_a_sentence(text: str) -> None:
    assert read_server_text(text).sentence == "The node panicked"


def test_a_text_that_is_only_a_trace_leaves_the_error_at_its_end() -> None:
    assert read_server_text(f"{PYTHON_STACK}ValueError: bad city").sentence == "ValueError: bad city"
    assert read_server_text(GO_STACK).sentence == ""
    for indented in (" of the run", "  of the run", "\tof the run"):
        assert read_server_text(f"{PYTHON_STACK}{indented}").sentence == ""


@given(st.text(max_size=3000), st.text(max_size=3000))
def test_a_sentence_is_one_short_line_whatever_the_server_sends(before: str, after: str) -> None:
    for text in (before, f"code=4000 message={before}\nstack={after}", f"{before}\n{GO_STACK}{after}", before * 50):
        read = read_server_text(text)
        assert len(read.sentence) <= 301
        assert read.sentence.isprintable()
        assert read.raw == text[: 64 * 1024]


def test_an_ordinary_text_stays_as_it_is() -> None:
    for text in ("Bot 7 is not published.", "余额不足", "field stack_size must be below 5", "The stack is full"):
        assert read_server_text(text).sentence == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Service busy, please try again later.", "Service busy"),
        ("The model failed. Retry in 5 minutes!", "The model failed."),
        ("服务器内部错误\uff0c请稍后重试", "服务器内部错误"),
        ("Please try again.", "The server reported an error without a reason"),
        ("The city is unknown. Give another.", "The city is unknown. Give another."),
    ],
)
def test_advice_to_call_again_can_be_left_out(text: str, kept: str) -> None:
    assert without_advice(text) == kept


@pytest.mark.parametrize(
    ("code", "text", "status", "kind", "found", "message"),
    [
        (
            400,
            "code=103100002 message=agent not exists\nstack=a.go:1 f\n",
            400,
            NotFound,
            103100002,
            "agent not exists",
        ),
        (103100001, "code=103000001 message=not yours\nstack=…", 200, PermissionDenied, 103000001, "not yours"),
        (None, "code=103000001 message=unauthorized\nstack=x.go:2 g", 500, PermissionDenied, 103000001, "unauthorized"),
        (500, "call failed: code=4000 message=bad id", 500, InvalidRequest, 4000, "bad id"),
        (777777775, "code=1 message=x code=720702004 message=gone\\nstack=…", 200, NotFound, 720702004, "gone"),
        (4001, "code=123 message=odd", 200, NotFound, 4001, "odd"),
        (None, "code=123456 message=odd", 500, ServerError, 123456, "odd"),
        (None, "record not found", 500, NotFound, None, "record not found"),
        (400, "record not found", 400, NotFound, 400, "record not found"),
        (777777775, "user 7 does not have access to space 0", 200, NotFound, 777777775, "user 7 does not"),
        (999, "the node says: record not found", 200, APIError, 999, "the node says"),
    ],
)
def test_a_code_inside_a_text_decides_class_and_code(
    code: int | None, text: str, status: int, kind: type[CozeError], found: int | None, message: str
) -> None:
    error = error_for(code, text, status=status)
    assert type(error) is kind
    assert error.code == found
    assert error.message.startswith(message)
    assert error.server_text == text


Call = Callable[[Any], Any]
CALLS: dict[str, Call] = {
    "read": lambda client: client.bots.retrieve(bot_id="1"),
    "start": lambda client: client.chats.create(bot_id="1", user_id="u"),
    "run": lambda client: client.workflows.run(workflow_id="1"),
    "execute": lambda client: client.workflows.execute(workflow_id="1"),
    "result": lambda client: client.workflows.result(workflow_id="1", execute_id="2"),
}
DIALOGUES: dict[str, Call] = {
    "chat": lambda client: client.chats.stream(bot_id="1", user_id="u"),
    "chatflow": lambda client: client.workflows.chat(workflow_id="1", bot_id="1", additional_messages=[]),
    "v2": lambda client: client.legacy_chats.stream(bot_id="1", user="u", query="q"),
}
KILOBYTES = f"The node panicked\nstack: {GO_STACK}"


def bodies(text: str) -> dict[str, httpx.Response]:
    sse = {"content-type": "text/event-stream"}
    failed = {"id": "7", "conversation_id": "8", "status": "failed", "last_error": {"code": 5000, "msg": text}}
    legacy = {"event": "error", "error_information": {"code": 5000, "msg": text}}
    record = {"execute_id": "2", "execute_status": "Fail", "error_code": "5000", "error_message": text}
    return {
        "envelope": httpx.Response(200, json={"code": 777777775, "msg": text}),
        "unknown code": httpx.Response(200, json={"code": 999, "msg": text}),
        "long code": httpx.Response(200, json={"code": text, "msg": text}),
        "no code": httpx.Response(500, json={"error": text}),
        "OAuth": httpx.Response(400, json={"error": "invalid_request", "error_description": text}),
        "plain text": httpx.Response(500, text=text),
        "web page": httpx.Response(502, html=f"<html>{text}</html>"),
        "web page as a success": httpx.Response(200, html=f"<html>{text}</html>"),
        "record": httpx.Response(200, json={"code": 0, "data": [record]}),
        "error event": httpx.Response(
            200, headers=sse, content=event_stream(("error", {"code": 5000, "msg": text, "error_message": text}))
        ),
        "bare error event": httpx.Response(
            200, headers=sse, content=event_stream(("error", text.replace("\n", "\\n")))
        ),
        "failed event": httpx.Response(200, headers=sse, content=event_stream(("conversation.chat.failed", failed))),
        "v2 event": httpx.Response(200, headers=sse, content=event_stream(("", legacy))),
    }


def error_of(driver: Driver, name: str, client: Any) -> CozeError:
    with pytest.raises(CozeError) as caught:
        driver.run(CALLS[name](client)) if name in CALLS else driver.collect(DIALOGUES[name](client))
    return caught.value


@pytest.mark.parametrize("text", [KILOBYTES, LONG], ids=["stack trace", "long text"])
@pytest.mark.parametrize("name", [*CALLS, *DIALOGUES])
def test_no_kilobytes_reach_an_error_a_log_or_a_model(
    driver: Driver, caplog: pytest.LogCaptureFixture, name: str, text: str
) -> None:
    caplog.set_level(logging.DEBUG, "coze_client")
    raw = 0
    for kind, answer in bodies(text).items():
        if (name, kind) in (("run", "record"), ("start", "failed event")):
            continue  # an answer to a plain run may hold anything, and a failed chat is returned
        transport = httpx.MockTransport(
            lambda _, answer=answer: httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        )
        client = driver.client("t", base_url="http://coze", transport=transport, retry=None)
        error = error_of(driver, name, client)
        assert len(str(error)) < 1000
        assert "goroutine" not in str(error)
        assert "\n" not in str(error)
        raw += len(error.server_text) > 5000
        assert pickle.loads(pickle.dumps(error)).server_text == error.server_text

        def fail(error: CozeError = error) -> Any:
            raise error

        try:
            told = asyncio.run(capture_outcome(fail)).failure
        except CozeError:
            told = ""
        assert len(told) < 1000
    assert raw >= 6  # the whole text stays on the error
    assert caplog.records
    assert all(len(record.getMessage()) < 2000 for record in caplog.records)


@pytest.mark.parametrize("stream", DIALOGUES.values(), ids=DIALOGUES)
def test_an_error_in_a_stream_never_repeats_advice_to_call_again(driver: Driver, stream: Call) -> None:
    for name, answer in bodies("The model is busy, please try again later.").items():
        if "event" not in name:
            continue
        content = answer.content
        transport = httpx.MockTransport(
            lambda _, content=content: httpx.Response(
                200, headers={"content-type": "text/event-stream"}, content=content
            )
        )
        client = driver.client("t", base_url="http://coze", transport=transport, retry=None)
        with pytest.raises(CozeError) as caught:
            driver.collect(stream(client))
        assert "try again" not in str(caught.value)
        assert "later" not in str(caught.value)


def test_a_failed_run_never_repeats_advice_to_call_again(driver: Driver) -> None:
    record = {"execute_id": "2", "execute_status": "Fail", "error_message": "The node is busy, retry later."}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"code": 0, "data": [record]}))
    client = driver.client("t", base_url="http://coze", transport=transport)
    with pytest.raises(WorkflowFailed) as caught:
        driver.run(client.workflows.result(workflow_id="1", execute_id="2"))
    assert str(caught.value) == "The node is busy [run 2]"
    assert caught.value.server_text == "The node is busy, retry later."


@pytest.mark.parametrize("code", [4100, 700012006, 4009, 4020])
def test_a_code_that_a_node_of_a_run_reports_starts_no_second_run(driver: Driver, code: int) -> None:
    sent: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"code": 720701013, "msg": f"code={code} message=the node's own service"})

    tokens = iter("abc")
    client = driver.client(lambda: next(tokens), base_url="http://coze", transport=httpx.MockTransport(respond))
    with pytest.raises(CozeError) as caught:
        driver.run(client.workflows.run(workflow_id="1"))
    assert len(sent) == 1
    assert "Check before you call again" in caught.value.cure


def test_a_refused_token_is_still_renewed(driver: Driver) -> None:
    sent: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers["authorization"])
        return httpx.Response(200, json={"code": 4100, "msg": "no"})

    tokens = iter("abcd")
    client = driver.client(lambda: next(tokens), base_url="http://coze", transport=httpx.MockTransport(respond))
    with pytest.raises(AuthenticationError):
        driver.run(client.workflows.run(workflow_id="1"))
    assert sent == ["Bearer a", "Bearer b"]


def test_a_failed_chat_tells_the_code_inside_its_text(driver: Driver) -> None:
    text = "code=100000013 message=no model is configured\nstack=a.go:1 f"
    body = event_stream(
        ("conversation.chat.failed", {"id": "7", "status": "failed", "last_error": {"code": 103100001, "msg": text}})
    )
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)
    )
    client = driver.client("t", base_url="http://coze", transport=transport)
    with pytest.raises(ChatFailed) as caught:
        driver.collect(client.chats.stream(bot_id="1", user_id="u"))
    assert (caught.value.code, caught.value.message) == (100000013, "no model is configured")
    assert "model" in caught.value.cure


def test_a_secret_in_a_server_text_is_masked_in_all_of_it(driver: Driver) -> None:
    transport = httpx.MockTransport(
        lambda request: httpx.Response(
            400, json={"code": 4000, "msg": f"bad\nstack={request.headers['authorization']}" + "x" * 500}
        )
    )
    client = driver.client("pat_secret_123456", base_url="http://coze", transport=transport)
    with pytest.raises(CozeError) as caught:
        driver.run(client.users.me())
    assert "pat_secret" not in caught.value.server_text
    assert "[token]" in caught.value.server_text


@pytest.mark.parametrize("piece", ["\n", " ", "\n ", "code=1 message=", "stack", "a.", "at a", "try ", "/a.b", "\\n"])
def test_a_hostile_text_is_read_in_bounded_steps(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    assert len(read_server_text(text).sentence) <= 301
    assert len(without_advice(read_server_text(text).sentence)) <= 301


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (lambda client: client.chats.retrieve(conversation_id="1", chat_id="2"), (500, "record not found")),
        (
            lambda client: client.chats.retrieve(conversation_id="1", chat_id="2"),
            (500, "code=103200003 message=record not found\nstack=a.go:1 f"),
        ),
        (lambda client: client.chats.messages(conversation_id="1", chat_id="2"), (500, "")),
        (lambda client: client.chats.retrieve(conversation_id="1", chat_id="2"), (500, "")),
    ],
    ids=["unknown chat", "unknown chat with a code", "unknown conversation's messages", "unknown conversation's chat"],
)
def test_what_a_studio_does_not_know_is_asked_for_once(driver: Driver, call: Call, answer: tuple[int, str]) -> None:
    sent: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(answer[0], text=answer[1], headers={"x-log-id": "a-b"})

    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(respond))
    with pytest.raises(NotFound) as caught:
        driver.run(call(client))
    assert len(sent) == 1
    assert caught.value.logid == "a-b"
    assert caught.value.cure


def test_an_empty_failure_of_the_cloud_is_no_unknown_id(driver: Driver) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(500, headers={"x-tt-logid": "L"}))
    client = driver.client("t", base_url="http://coze", transport=transport, retry=None)
    with pytest.raises(ServerError):
        driver.run(client.chats.retrieve(conversation_id="1", chat_id="2"))
