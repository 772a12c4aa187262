"""After a failure of any kind no connection is in use, no conversation is locked, and no lock is kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from coze_client import ConversationBusy, CozeError, Message, Timeout
from coze_client.core import http
from coze_client.core.http_responses import AsyncHttpResponse, BlockingHttpResponse
from tests.support.clients import ConnectedClient, Driver
from tests.support.scripted_server import Line, ScriptedServer, json_answer

_PART = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
ANSWERS = {
    "refused": json_answer(b'{"code":4000,"msg":"no"}'),
    "of a gateway": json_answer(b"<html>", "503 Unavailable"),
    "not JSON": json_answer(b"no"),
    "too large": json_answer(b"{" + b" " * 2000),
    "a redirect": b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\n\r\n",
    "cut off": _PART,
    "silent in the middle": _PART,
    "packed wrongly": json_answer(b"not gzip", headers="Content-Encoding: gzip\r\n"),
    "another encoding": json_answer(b"{}", headers="Content-Encoding: br\r\n"),
}


def connections_in_use(driver: Driver, client: Any) -> int:
    """How many connections have a request, as soon as those that are being closed are closed."""
    leased = client._session.transport._lease._leased
    if driver.name == "blocking":
        return sum(not connection.is_idle() for connection in leased[1]._pool.connections)
    for _ in range(100):
        if not leased[2]._pool.busy:
            break
        driver.run(asyncio.sleep(0.01))
    return int(leased[2]._pool.busy)


@pytest.mark.parametrize("streamed", [False, True], ids=["call", "stream"])
@pytest.mark.parametrize("kind", ANSWERS)
def test_a_failed_answer_leaves_no_connection_in_use_and_no_lock(
    driver: Driver, kind: str, streamed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_LARGEST_BODY", 1000)

    def answer(line: Line) -> None:
        while line.read_request():
            line.send(ANSWERS[kind])
            if kind == "silent in the middle":
                line.wait()
            elif kind == "cut off":
                return

    with ScriptedServer(answer) as server:
        deadline = 0.2 if kind == "silent in the middle" else 30
        client = driver.client("t", base_url=server.url, retry=None, timeout=Timeout(deadline=deadline))
        stream = client.chats.stream(bot_id="1", user_id="u", conversation_id="7")
        with pytest.raises(CozeError):
            driver.run(stream.read() if streamed else client.users.me())
        assert connections_in_use(driver, client) == 0
        assert not client._session._locks._locks


def test_a_stream_whose_closing_fails_unlocks_its_conversation(
    coze: ConnectedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: object) -> None:
        raise RuntimeError("broken")

    conversation = coze.run(coze.client.conversations.create())
    with monkeypatch.context() as patched:
        patched.setattr(BlockingHttpResponse, "close", fail)
        patched.setattr(AsyncHttpResponse, "close", fail)
        with pytest.raises(RuntimeError, match="broken"):
            coze.run(coze.ask(conversation_id=conversation.id).read())
    assert not coze.client._session._locks._locks


def test_whoever_waited_in_vain_for_a_conversation_leaves_no_lock(driver: Driver, emulator: Any) -> None:
    coze = ConnectedClient(driver, emulator)
    client = driver.client(emulator.token, base_url=emulator.url, retry=None)
    conversation = coze.run(client.conversations.create())

    def ask() -> Any:
        return client.chats.stream(
            bot_id=emulator.bots["echo"],
            user_id="u",
            conversation_id=conversation.id,
            additional_messages=[Message.user("hi")],
        )

    first = ask()
    driver.run(first.__enter__() if driver.name == "blocking" else first.__aenter__())
    for _ in range(2):
        with pytest.raises(ConversationBusy):
            driver.collect(ask())
    driver.run(first.close())
    assert not client._session._locks._locks
    assert driver.collect(ask())
    assert not client._session._locks._locks
