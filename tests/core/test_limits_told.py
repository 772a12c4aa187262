"""A limit of this client that ended a call is told as that, with the name of its setting; so is where no line was."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client import ConnectionFailed, CozeError, StreamInterrupted, TimedOut, Timeout
from coze_client.core.call_errors import name_limit
from coze_client.core.http_errors import translate_error
from tests.support.clients import Driver
from tests.support.event_streams import event_stream
from tests.support.raw_server import RawServer, stream

CHAT = {"id": "7", "conversation_id": "8"}
CREATED = event_stream(("conversation.chat.created", CHAT))
DELTA = event_stream(
    (
        "conversation.message.delta",
        {"id": "9", "chat_id": "7", "conversation_id": "8", "role": "assistant", "type": "answer", "content": "Wait"},
    )
)
NODE = event_stream(("Message", {"content": "Wait", "node_title": "Report", "node_seq_id": "0"}))
STREAMS: dict[str, tuple[bytes, Any]] = {
    "chat without an id": (b": ping\n\n", lambda client: client.chats.stream(bot_id="1", user_id="u")),
    "unsaved chat": (
        CREATED + DELTA,
        lambda client: client.chats.stream(bot_id="1", user_id="u", auto_save_history=False),
    ),
    "chatflow": (
        CREATED + DELTA,
        lambda client: client.workflows.chat(workflow_id="1", bot_id="1", additional_messages=[]),
    ),
    "v2": (b": ping\n\n", lambda client: client.legacy_chats.stream(bot_id="1", user="u", query="q")),
    "workflow": (NODE, lambda client: client.workflows.stream(workflow_id="1")),
    "execute": (NODE, lambda client: client.workflows.execute(workflow_id="1")),
    "resumed workflow": (
        NODE,
        lambda client: client.workflows.stream_resume(workflow_id="1", event_id="e", interrupt_type=2, resume_data="x"),
    ),
}


def error_of(driver: Driver, call: Any, url: str, **settings: Any) -> CozeError:
    client = driver.client("t", base_url=url, retry=None, **settings)
    with pytest.raises(CozeError) as caught:
        finish(driver, call(client))
    return caught.value


def finish(driver: Driver, value: Any) -> None:
    driver.collect(value) if hasattr(value, "__next__") or hasattr(value, "__anext__") else driver.run(value)


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_that_this_client_gave_up_names_the_read_timeout(driver: Driver, name: str) -> None:
    first, call = STREAMS[name]
    with RawServer([stream(first, end=False), b""]) as server:
        error = error_of(driver, call, server.url, timeout=Timeout(read=0.2))
    assert isinstance(error, StreamInterrupted)
    assert "this client ended" in error.message
    assert "timeout.read (0.2 s)" in error.message
    assert "Raise timeout.read" in error.cure


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_that_the_server_broke_names_no_timeout(driver: Driver, name: str) -> None:
    first, call = STREAMS[name]
    with RawServer([stream(first, end=False)], hang_up=True) as server:
        error = error_of(driver, call, server.url, timeout=30)
    assert isinstance(error, StreamInterrupted)
    assert "broke before its end" in error.message
    assert "timeout" not in str(error)


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_past_its_deadline_names_that(driver: Driver, name: str) -> None:
    first, call = STREAMS[name]
    with RawServer([stream(first, end=False), b""]) as server:
        error = error_of(driver, call, server.url, timeout=Timeout(deadline=0.2))
    assert "timeout.deadline (0.2 s)" in error.message
    assert "timeout.read" not in str(error)
    if name in ("unsaved chat", "chatflow"):
        assert (error.chat_id, error.conversation_id) == ("7", "8")


def test_a_recovery_that_takes_too_long_names_both_limits(driver: Driver) -> None:
    cancelled = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with RawServer([stream(CREATED, DELTA, end=False), b"", cancelled]) as server:
        error = error_of(
            driver, lambda client: client.chats.stream(bot_id="1", user_id="u"), server.url, timeout=Timeout(read=0.2)
        )
    assert isinstance(error, StreamInterrupted)
    assert error.message.count("timeout.read (0.2 s)") == 2  # of the stream, and of the poll that should recover it
    assert (error.text, error.chat_id) == ("Wait", "7")


def test_a_recovered_chat_that_does_not_end_names_the_deadline(driver: Driver) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v3/chat":
            return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=CREATED + DELTA)
        return httpx.Response(200, json={"code": 0, "data": {**CHAT, "status": "in_progress"}})

    error = error_of(
        driver,
        lambda client: client.chats.stream(bot_id="1", user_id="u"),
        "http://coze",
        transport=httpx.MockTransport(respond),
        timeout=Timeout(deadline=0.4),
    )
    assert "did not end within 0.4 s (timeout.deadline" in error.message


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.users.me(),
        lambda client: client.workflows.run(workflow_id="1"),
        lambda client: client.files.upload(b"text"),
    ],
    ids=["read", "start", "upload"],
)
def test_a_call_names_the_limit_that_ended_it(driver: Driver, call: Any) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
    with RawServer([b"", b"", head, b""]) as server:
        silent = error_of(driver, call, server.url, timeout=Timeout(read=0.2))
        late = error_of(driver, call, server.url, timeout=Timeout(deadline=0.2))
        cut = error_of(driver, call, server.url, timeout=Timeout(read=0.2))
    for error in (silent, cut):
        assert isinstance(error, TimedOut)
        assert "timeout.read (0.2 s)" in error.message
    assert "timeout.deadline (0.2 s)" in late.message
    assert "timeout.read" not in str(late)


def test_the_limit_of_create_and_poll_is_called_as_its_argument(driver: Driver) -> None:
    answer = httpx.Response(200, json={"code": 0, "data": {**CHAT, "status": "in_progress"}})
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=answer.content))
    error = error_of(
        driver,
        lambda client: client.chats.create_and_poll(bot_id="1", user_id="u", deadline=0.2),
        "http://coze",
        transport=transport,
    )
    assert "did not end within 0.2 s (deadline)" in error.message


@contextmanager
def closed_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    yield port


def test_no_connection_names_the_server(driver: Driver) -> None:
    with closed_port() as port:
        error = error_of(driver, lambda client: client.users.me(), f"http://127.0.0.1:{port}")
    assert isinstance(error, ConnectionFailed)
    assert f"No connection to 127.0.0.1:{port}" in error.message


def test_no_connection_names_the_proxy_without_its_password(driver: Driver) -> None:
    with closed_port() as port:
        error = error_of(
            driver,
            lambda client: client.users.me(),
            "http://coze.example",
            proxy=f"http://ada:geheimnis@127.0.0.1:{port}",
        )
    assert f"No connection to coze.example over the proxy http://127.0.0.1:{port}" in error.message
    assert "geheimnis" not in str(error)
    assert "ada" not in str(error)


def test_no_connection_over_a_transport_of_the_user_names_the_server_alone(driver: Driver, monkeypatch: Any) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    error = error_of(
        driver, lambda client: client.users.me(), "http://coze.example", transport=httpx.MockTransport(refuse)
    )
    assert error.message == "No connection to coze.example: refused"


@pytest.mark.parametrize(
    ("error", "setting"),
    [
        (httpx.ConnectTimeout("x"), "timeout.connect"),
        (httpx.PoolTimeout("x"), "timeout.read"),
        (httpx.ReadTimeout("x"), "timeout.read"),
        (httpx.WriteTimeout("x"), "timeout.read"),
    ],
)
@given(connect=st.floats(0.001, 1e4), read=st.floats(0.001, 1e4))
def test_every_timeout_names_its_setting_and_its_seconds_once(
    error: Exception, setting: str, connect: float, read: float
) -> None:
    told = translate_error(error, " to coze")
    assert isinstance(told, TimedOut)
    for _ in range(2):
        name_limit(told, Timeout(connect=connect, read=read))
    seconds = connect if setting == "timeout.connect" else read
    assert f"{setting} ({seconds:g} s)" in told.message
    assert told.message.count("timeout.") == 1
    assert str(told).startswith(told.message)


def test_501_is_told_as_what_this_server_does_not_implement(driver: Driver) -> None:
    error = error_of(
        driver,
        lambda client: client.workflows.run(workflow_id="1"),
        "http://coze",
        transport=httpx.MockTransport(lambda _: httpx.Response(501, text="nope")),
    )
    assert "does not implement" in str(error)
