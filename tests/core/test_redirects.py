"""A response with a status of 1xx or 3xx is never a success, and no request follows it to another host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from coze_client import DeviceCode, ProtocolError
from tests.support.clients import Driver

TOKEN = "cztok_" + "a" * 30
JSON = b'{"code":0,"data":{"id":"1","conversation_id":"2","status":"completed"},"access_token":"x","expires_in":9}'
STREAM = b"event:done\ndata:[DONE]\n\n"
MOVED = [301, 302, 307, 308]
STATUSES = [300, 301, 302, 303, 304, 305, 307, 308, 399]

CALLS: dict[str, Callable[[Driver, Any], Any]] = {
    "retrieve": lambda driver, client: driver.run(client.files.retrieve(file_id="1")),
    "upload": lambda driver, client: driver.run(client.files.upload(b"x")),
    "request": lambda driver, client: driver.run(client.request("GET", "/v1/anything")),
    "list": lambda driver, client: driver.collect(client.conversations.list(bot_id="1")),
    "nothing": lambda driver, client: driver.run(client.conversations.delete(conversation_id="1")),
    "chat": lambda driver, client: driver.run(client.chats.create(bot_id="1", user_id="u")),
    "poll": lambda driver, client: driver.run(client.chats.create_and_poll(bot_id="1", user_id="u")),
    "stream": lambda driver, client: driver.collect(client.chats.stream(bot_id="1", user_id="u")),
    "workflow": lambda driver, client: driver.run(client.workflows.run(workflow_id="1", parameters={})),
    "workflow stream": lambda driver, client: driver.collect(client.workflows.stream(workflow_id="1", parameters={})),
    "login": lambda driver, client: driver.run(client.options(token=DeviceCode("app")).oauth.start_device()),
}


def redirect(
    driver: Driver, call: str, status: int, location: str | None, body: bytes = JSON, kind: str = "application/json"
) -> tuple[ProtocolError, list[httpx.Request]]:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        headers = {"content-type": kind, "x-tt-logid": "log1"} | ({"location": location} if location else {})
        return httpx.Response(status, headers=headers, content=body)

    client = driver.client(TOKEN, base_url="http://coze:1", transport=httpx.MockTransport(answer))
    with pytest.raises(ProtocolError) as failed:
        CALLS[call](driver, client)
    return failed.value, sent


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    ("body", "kind"), [(JSON, "application/json"), (STREAM, "text/event-stream"), (b"", "text/html")]
)
def test_a_redirect_is_an_error_of_every_call(driver: Driver, status: int, body: bytes, kind: str) -> None:
    for call in CALLS:
        error, sent = redirect(driver, call, status, "https://elsewhere.example/v1/x?token=abc#d", body, kind)
        assert error.status == status
        assert error.logid == "log1"
        assert "https://elsewhere.example/v1/x" in str(error)
        assert "abc" not in str(error)
        assert [request.url.host for request in sent] == ["coze"], call
        assert "base_url" in error.cure or status not in MOVED, call


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        (None, "neither an answer nor an error"),
        ("", "neither an answer nor an error"),
        ("/login?next=1", "http://coze:1/login "),
        ("//other/x", "http://other/x "),
        ("https://user:secret@other:8443/x?secret#secret", "https://other:8443/x "),
        ("http://coze:1/v1/files/retrieve?again", "points back to itself"),
        ("http://[::1]:3/x", "http://[::1]:3/x "),
        ("http://[half", "neither an answer nor an error"),
        ("http://other:99999999/", "neither an answer nor an error"),
        ("javascript:alert(1)", "neither an answer nor an error"),
        (f"http://other/{TOKEN}", "http://other/[token] "),
        ("http://other/" + "x" * 5000, "http://other/xxx"),
    ],
)
def test_where_it_points_is_shown_without_secrets(driver: Driver, location: str | None, shown: str) -> None:
    error, _ = redirect(driver, "retrieve", 302, location)
    assert shown in f"{error} "
    assert "secret" not in str(error)
    assert TOKEN not in str(error)
    assert len(str(error)) < 500


def test_a_client_of_the_users_that_follows_redirects_does_so(driver: Driver) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/there":
            return httpx.Response(200, content=JSON)
        return httpx.Response(302, headers={"location": "/there"})

    kind = httpx.Client if driver.name == "blocking" else httpx.AsyncClient
    own: Any = kind(transport=httpx.MockTransport(answer), follow_redirects=True)
    client = driver.client(TOKEN, base_url="http://coze:1", http_client=own)
    assert driver.run(client.conversations.retrieve(conversation_id="1")).id == "1"
    if driver.name != "blocking":
        driver.run(own.aclose())
    else:
        own.close()
