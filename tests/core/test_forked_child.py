"""A forked child leaves its parent's chats, connections and locks alone, however it leaves what was open."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coze_client import CozeClient, CozeError
from coze_client.core.file_lock import BUSY, FileLock
from tests.support.scripted_server import Line, ScriptedServer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

EVENTS = [
    b'event:conversation.chat.created\ndata:{"id":"1","conversation_id":"2","status":"created"}\n\n',
    *[
        b'event:conversation.message.delta\ndata:{"id":"3","role":"assistant","type":"answer","content":"%d "}\n\n'
        % each
        for each in range(5)
    ],
    (
        b"event:conversation.message.completed\n"
        b'data:{"id":"3","role":"assistant","type":"answer","content":"0 1 2 3 4 "}\n\n'
    ),
    b'event:conversation.chat.completed\ndata:{"id":"1","conversation_id":"2","status":"completed"}\n\n',
    b'event:done\ndata:"[DONE]"\n\n',
]


def leave(_: Any) -> None:
    raise SystemExit


def fail(_: Any) -> None:
    raise ValueError


def interrupt(_: Any) -> None:
    raise KeyboardInterrupt


def close(stream: Any) -> None:
    stream.close()
    raise SystemExit


def close_twice(stream: Any) -> None:
    stream.close()
    stream.close()
    raise SystemExit


def read_on(stream: Any) -> None:
    try:
        for _ in stream:
            pass
    except CozeError as error:
        raise SystemExit(0 if "forked" in str(error) else 1) from error


def forget(stream: Any) -> None:
    del stream
    gc.collect()
    raise SystemExit


def close_the_client(stream: Any) -> None:
    stream.client.close()
    raise SystemExit


WAYS: list[Callable[[Any], None]] = [leave, fail, interrupt, close, close_twice, read_on, forget, close_the_client]


def in_child(work: Callable[[], None]) -> int:
    """Run `work` in a forked child, with all its exceptions; return the child's exit code."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
        except SystemExit as end:
            code = int(end.code or 0)
        except (ValueError, KeyboardInterrupt):
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["with", "bare", "read"])
def test_a_child_that_is_forked_inside_a_stream_leaves_the_chat_and_the_connection_alone(
    way: Callable[[Any], None], kind: str
) -> None:
    go_on = threading.Event()
    received: list[bytes] = []

    def answer(line: Line) -> None:
        if b"/v3/chat " not in line.read_request().splitlines()[0]:
            return
        line.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + b"".join(EVENTS[:3]))
        go_on.wait(20)
        for event in EVENTS[3:]:
            line.send(event)
        line.connection.settimeout(0.2)
        try:
            received.append(line.connection.recv(100))
        except TimeoutError:
            received.append(b"")

    with ScriptedServer(answer) as server, CozeClient("t" * 20, base_url=server.url) as client:
        stream: Any = client.chats.stream(bot_id="1", user_id="u")
        stream.client = client

        def child() -> None:
            if kind == "with":
                with stream:
                    way(stream)
            else:
                way(stream)

        stream.__enter__()
        deltas = [next(stream) for _ in range(2)]
        assert in_child(child) == 0
        go_on.set()
        deltas += list(stream)
        stream.__exit__(None, None, None)
        assert stream.text == "0 1 2 3 4 "
        assert len(deltas) == len(EVENTS)
    assert [head for head in server.requests if b"/cancel" in head] == []
    assert received == [b""]


def test_a_child_may_use_the_client_for_calls_of_its_own() -> None:
    def answer(line: Line) -> None:
        while line.read_request():
            line.send(b'HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n{"code":0,"data":{"id":"7"}}')

    with ScriptedServer(answer) as server, CozeClient("t" * 20, base_url=server.url) as client:
        client.files.retrieve(file_id="7")

        def child() -> None:
            raise SystemExit(0 if client.files.retrieve(file_id="7").id == "7" else 1)

        assert in_child(child) == 0
        assert client.files.retrieve(file_id="7").id == "7"
        assert server.connections == 2


def test_a_stream_that_was_not_opened_before_the_fork_can_be_read_in_the_child() -> None:
    def answer(line: Line) -> None:
        line.read_request()
        line.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + b"".join(EVENTS))

    with ScriptedServer(answer) as server, CozeClient("t" * 20, base_url=server.url) as client:
        stream = client.chats.stream(bot_id="1", user_id="u")

        def child() -> None:
            raise SystemExit(0 if stream.read().text == "0 1 2 3 4 " else 1)

        assert in_child(child) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_file_lock_stays_its_parents(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "l", wait=True)
    assert in_child(lock.release) == 1  # it returns, and `in_child` counts that as 1
    with pytest.raises(BUSY):
        FileLock(tmp_path / "l", wait=False)
    lock.release()
    FileLock(tmp_path / "l", wait=False).release()
