"""No token stands in an error, or in the repr of a variable of our frames, which error trackers collect."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import pytest

import coze_client
from coze_client import CozeError, Retry
from coze_client.core.masking import SecretText, mask_secret
from tests.support.clients import Driver

TOKEN = "cztok_CANARYabcdefghijklmnop"
PACKAGE = str(Path(coze_client.__file__).parent)
CALLS: dict[str, Callable[[Driver, Any], Any]] = {
    "retrieve": lambda driver, client: driver.run(client.files.retrieve(file_id="1")),
    "upload": lambda driver, client: driver.run(client.files.upload(b"x")),
    "request": lambda driver, client: driver.run(client.request("POST", "/v1/anything", json={})),
    "list": lambda driver, client: driver.collect(client.conversations.list(bot_id="1")),
    "poll": lambda driver, client: driver.run(client.chats.create_and_poll(bot_id="1", user_id="u")),
    "stream": lambda driver, client: driver.collect(client.chats.stream(bot_id="1", user_id="u")),
    "read": lambda driver, client: driver.run(client.chats.stream(bot_id="1", user_id="u").read()),
    "workflow": lambda driver, client: driver.run(client.workflows.execute(workflow_id="1", parameters={})),
    "workflow stream": lambda driver, client: driver.collect(client.workflows.stream(workflow_id="1", parameters={})),
}


def event(name: str, data: object) -> bytes:
    return f"event:{name}\ndata:{json.dumps(data)}\n\n".encode()


CHAT = {"id": TOKEN, "conversation_id": TOKEN, "status": "failed", "last_error": {"code": 5, "msg": TOKEN}}
JSON, STREAM = "application/json", "text/event-stream"
ANSWERS: dict[str, tuple[int, str, bytes]] = {
    "message": (200, JSON, json.dumps({"code": 4000, "msg": f"bad {TOKEN}"}).encode()),
    "code": (200, JSON, json.dumps({"code": TOKEN, "msg": "x"}).encode()),
    "logid": (500, JSON, json.dumps({"code": 5000, "msg": "x", "detail": {"logid": TOKEN}}).encode()),
    "debug url": (200, JSON, json.dumps({"code": 5, "msg": "x", "debug_url": f"http://x?{TOKEN}"}).encode()),
    "page": (502, "text/html", f"<html>{TOKEN}".encode()),
    "redirect": (302, JSON, b""),
    "refused": (401, JSON, json.dumps({"code": 4100, "msg": TOKEN}).encode()),
    "nonsense": (200, JSON, TOKEN.encode()),
    "failed chat": (200, STREAM, event("conversation.chat.created", CHAT) + event("conversation.chat.failed", CHAT)),
    "cut chat": (200, STREAM, event("conversation.chat.created", CHAT)),
    "stream error": (200, STREAM, event("error", {"code": TOKEN, "msg": TOKEN})),
    "workflow error": (200, STREAM, event("Error", {"error_code": 5, "error_message": TOKEN})),
}


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def frames_of(error: BaseException) -> Iterator[FrameType]:
    for each in chain_of(error):
        trace = each.__traceback__
        while trace:
            if trace.tb_frame.f_code.co_filename.startswith(PACKAGE):
                yield trace.tb_frame
            trace = trace.tb_next


def assert_no_token_in_texts(error: CozeError) -> None:
    for each in chain_of(error):
        assert TOKEN not in f"{each!s} {each!r} {each.args!r}"
    assert TOKEN not in repr([value for value in vars(error).values() if isinstance(value, str)])


def assert_hidden(error: CozeError) -> None:
    assert_no_token_in_texts(error)
    for frame in frames_of(error):
        for name, value in frame.f_locals.items():
            assert TOKEN not in repr(value), f"{name} in {frame.f_code.co_name}"


def errors_of(driver: Driver, client: Any) -> Iterator[CozeError]:
    """The errors of those calls that fail."""
    for call in CALLS.values():
        try:
            call(driver, client)
        except CozeError as error:  # noqa: PERF203 - each call counts
            yield error


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_token_that_the_server_repeats_stands_in_no_error(driver: Driver, answer: str) -> None:
    status, kind, body = ANSWERS[answer]

    def respond(_: httpx.Request) -> httpx.Response:
        headers = {"content-type": kind, "x-tt-logid": TOKEN, "location": f"/{TOKEN}"}
        return httpx.Response(status, headers=headers, content=body)

    client = driver.client(TOKEN, base_url="http://coze", transport=httpx.MockTransport(respond), retry=None)
    for error in errors_of(driver, client):
        assert_no_token_in_texts(error)


@pytest.mark.parametrize("status", [200, 302, 401, 429, 502])
@pytest.mark.parametrize("body", [b"", b"{}", b'{"code":5000,"msg":"x"}', b"event:error\ndata:{}\n\n", b"garbage"])
def test_no_token_stands_in_the_frames_of_an_error(driver: Driver, status: int, body: bytes) -> None:
    kind = STREAM if body.startswith(b"event") else JSON

    def respond(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers={"content-type": kind}, content=body)

    client = driver.client(TOKEN, base_url="http://coze", transport=httpx.MockTransport(respond), retry=None)
    for error in errors_of(driver, client):
        assert_hidden(error)


@pytest.mark.parametrize("error", [httpx.ReadTimeout(TOKEN), httpx.ConnectError(f"to {TOKEN}"), httpx.ReadError("x")])
def test_no_token_stands_in_an_error_of_the_network(driver: Driver, error: Exception) -> None:
    def respond(_: httpx.Request) -> httpx.Response:
        raise error

    client = driver.client(
        TOKEN, base_url="http://coze", transport=httpx.MockTransport(respond), retry=Retry(attempts=2, deadline=0.01)
    )
    for call in CALLS.values():
        with pytest.raises(CozeError) as failed:
            call(driver, client)
        assert_hidden(failed.value)


@pytest.mark.parametrize("token", [f"{TOKEN}\n{TOKEN}", f"{TOKEN} x", f"{TOKEN}\xe9"])
def test_what_can_be_no_token_is_not_shown_by_the_frames(driver: Driver, token: str) -> None:
    client = driver.client(
        lambda: token, base_url="http://coze", transport=httpx.MockTransport(lambda _: httpx.Response(500))
    )
    with pytest.raises(CozeError) as failed:
        driver.run(client.files.retrieve(file_id="1"))
    assert_hidden(failed.value)


def test_a_secret_is_a_text_whose_repr_hides_it() -> None:
    secret = SecretText(TOKEN)
    assert secret == TOKEN
    assert f"Bearer {secret}" == f"Bearer {TOKEN}"
    assert TOKEN not in repr({"authorization": secret, "list": [secret]})
    assert pickle.loads(pickle.dumps(secret)) == TOKEN


def test_every_text_of_an_error_is_masked() -> None:
    error = CozeError(f"a {TOKEN}", code=TOKEN, logid=f"x{TOKEN}", cure=TOKEN)
    error.debug_url, error.chat_id, error.conversation_id = f"http://x/{TOKEN}", TOKEN, TOKEN
    mask_secret(error, TOKEN)
    assert TOKEN not in f"{error} {error!r} {vars(error)}"
    assert error.message == "a [token]"
