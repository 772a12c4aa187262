# ruff: noqa: E501 - tables of bytes
"""Malformed HTTP responses by number, and the calls that receive them: only errors of this package may come out."""

from __future__ import annotations

import asyncio
import gzip
import re
import traceback
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from random import Random
from typing import Any

from coze_client import AsyncCozeClient, CozeClient, CozeError, Timeout

TOKEN = "cztok_" + "Q" * 30
OPTIONS: dict[str, Any] = {"retry": None, "timeout": Timeout(connect=5, read=2, deadline=5)}

_ABSURD = [
    b"9" * 5000, b"-1", b"1e999", b"NaN", b"null", b"[]", b"{}", b'""', b'"\\ud800"', b"\xff\xfe", b"\0", b"[" * 3000,
    b'{"a":' * 3000, b"true", b"0.5", b'"' + b"x" * 70_000 + b'"', b"\xed\xa0\x80", TOKEN.encode(), b"\xc2\x85", b"\r", b"\n\n",
]  # fmt: skip
_HEADERS = [
    b"Content-Length: -1", b"Content-Length: 9999999", b"Content-Length: 1", b"Content-Length: " + b"9" * 5000,
    b"Content-Length: 5\r\nContent-Length: 6", b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: bogus", b"Content-Encoding: gzip", b"Content-Encoding: deflate", b"Content-Encoding: br",
    b"Content-Encoding: gzip, gzip", b"Content-Encoding: \xff", b"Retry-After: " + b"9" * 400, b"Retry-After: nan",
    b"Retry-After: Fri, 99 Foo 99999 99:99:99 GMT", b"Date: Mon, 01 Jan 0001 00:00:00 +9999", b"Location: http://[",
    b"Location: //\xff\xfe", b"X-Tt-Logid: " + TOKEN.encode(), b"X: " + b"a" * 70_000, b"X\0: 1", b": empty", b"no colon",
    b" folded", b"Content-Type: text/event-stream; charset=\xff", b"Content-Type: ", b"Content-Type: text/event-stream",
    b"Content-Type: application/json", b"Connection: close", b"Connection: upgrade\r\nUpgrade: x", b"Set-Cookie: \xff=\xfe",
]  # fmt: skip
_STATUS = [
    b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK", b"HTTP/1.1 204 No", b"HTTP/1.1 304 Not", b"HTTP/1.1 302 Found", b"HTTP/1.1 429 Slow",
    b"HTTP/1.1 500 No", b"HTTP/1.1 401 No", b"HTTP/1.1 101 Switch", b"HTTP/1.1 100 Go", b"HTTP/1.1 999 X", b"HTTP/1.1 99 X",
    b"HTTP/1.1 0200 OK", b"HTTP/1.1 \xff\xfe", b"HTTP/9.9 200 OK", b"HTTP/1.1 200", b"HTTP/1.1", b"", b"ICY 200 OK",
    b"HTTP/1.1 429 Slo\xb9", b"HTTP/1.1 200 " + b"x" * 70_000, b"HTTP/1.1 -200 OK", b"HTTP/1.1 200 O\rK", b"http/1.1 200 ok",
]  # fmt: skip
_JSON = (
    b'{"code":0,"msg":"","detail":{"logid":"l"},"data":{"id":"1","conversation_id":"2","status":"completed","created_at":7,'
    b'"bytes":3,"conversations":[{"id":"1","created_at":5,"meta_data":{"a":"b"}}],"has_more":false}}'
)
_ERROR = b'{"code":4100,"msg":"no","detail":{"logid":"l"},"debug_url":"http://x"}'
_CHAT = (
    b'event:conversation.chat.created\ndata:{"id":"1","conversation_id":"2","status":"created"}\n\n'
    b'event:conversation.message.delta\ndata:{"id":"3","role":"assistant","type":"answer","content":"a"}\n\n'
    b'event:conversation.message.completed\ndata:{"id":"3","role":"assistant","type":"answer","content":"a"}\n\n'
    b'event:conversation.chat.completed\ndata:{"id":"1","conversation_id":"2","status":"completed","usage":{"token_count":3}}\n\n'
    b'event:done\ndata:"[DONE]"\n\n'
)
_WORKFLOW = (
    b'id: 0\nevent: Message\ndata: {"content":"a","node_title":"End","node_seq_id":"0","node_is_finish":true,"usage":{}}\n\n'
    b'id: 1\nevent: Interrupt\ndata: {"interrupt_data":{"event_id":"1/2","type":2,"data":"{}"},"node_title":"q"}\n\n'
    b'id: 2\nevent: Error\ndata: {"error_code":4000,"error_message":"no"}\n\n'
    b'id: 3\nevent: Done\ndata: {"debug_url":"http://x"}\n\n'
)
_VALUE = re.compile(rb'"[^"\n]{0,40}"|\d+|true|false|\[\]|\{\}')


def malformed(number: int) -> bytes:
    """The response with this number, which is nearly a good one."""
    random = Random(number)
    body = random.choice([_JSON, _ERROR, _CHAT, _WORKFLOW, _CHAT, _WORKFLOW])
    for _ in range(random.choice([0, 1, 1, 2, 5])):
        body = _replaced(random, body)
    kind = b"text/event-stream" if b"event:" in body else b"application/json"
    headers = [b"Content-Type: " + kind, b"X-Tt-Logid: log1"]
    if random.random() < 0.3:
        packed = gzip.compress(body, mtime=0)
        body, headers = packed, [*headers, b"Content-Encoding: gzip"]
    if random.random() < 0.3:
        cuts = sorted(random.choices(range(len(body) + 1), k=3))
        pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True) if end > start]
        body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        headers.append(b"Transfer-Encoding: chunked")
    elif random.random() < 0.7:
        headers.append(b"Content-Length: %d" % len(body))
    for _ in range(random.choice([0, 0, 1, 2])):
        headers.insert(random.randrange(len(headers) + 1), random.choice(_HEADERS))
    status = random.choice(_STATUS) if random.random() < 0.3 else _STATUS[0]
    whole = b"\r\n".join([status, *headers]) + b"\r\n\r\n" + body
    for _ in range(random.choice([0, 0, 0, 1, 3])):
        whole = _damaged(random, whole)
    return whole


def _replaced(random: Random, body: bytes) -> bytes:
    found = random.choice(list(_VALUE.finditer(body)) or [re.match(b"", body)])
    assert found is not None
    return body[: found.start()] + random.choice(_ABSURD) + body[found.end() :]


def _damaged(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) + 1)
    return random.choice(
        [
            data[:at],
            data[:at] + bytes([random.randrange(256)]) + data[at + 1 :],
            data[:at] + random.choice(_ABSURD) + data[at:],
            data[:at] + data[at + random.randrange(1, 20) :],
            data[:at] + data[random.randrange(len(data) + 1) :],
        ]
    )


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request with the response whose number stands in it."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head.lower())
        body = await reader.readexactly(int(length[1])) if length else b""
        number = re.search(rb"n(\d+)n", head + body)
        writer.write(malformed(int(number[1])) if number else b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
    except (OSError, EOFError, asyncio.LimitOverrunError):
        pass
    finally:
        writer.close()


def serve_for_ever(ready: Connection) -> None:
    """Serve in a process of its own; send the port to `ready`."""

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1000)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def problem_of(number: int, error: BaseException | None) -> str:
    """What is wrong with the outcome of a call: an error of somebody else, or a token in an error; "" if nothing is."""
    if error is None:
        return ""
    if not isinstance(error, CozeError):
        return f"{number}: " + "".join(traceback.format_exception(error))[-3000:]
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        waiting += [each.__cause__, each.__context__]
        texts = [value for value in vars(each).values() if isinstance(value, str)]
        shown = f"{each!s} {each!r} {each.args!r} {texts}"
        if TOKEN in shown:
            return f"{number}: token in {type(each).__name__}: {shown[:300]}"
    return ""


def call_blocking(client: CozeClient, number: int) -> str:
    """Make the call with this number over a blocking client; return its problem."""
    name = f"n{number}n"
    calls: list[Callable[[], Any]] = [
        lambda: client.files.retrieve(file_id=name),
        lambda: client.chats.stream(bot_id=name, user_id="u").read(),
        lambda: client.workflows.stream(workflow_id=name, parameters={}).read(),
        lambda: list(client.conversations.list(bot_id=name)),
        lambda: client.workflows.run(workflow_id=name, parameters={}),
        lambda: client.chats.create(bot_id=name, user_id="u"),
    ]
    try:
        calls[number % len(calls)]()
    except Exception as error:  # noqa: BLE001 - judging any error is the purpose
        return problem_of(number, error)
    return ""


async def call_asyncio(client: AsyncCozeClient, number: int) -> str:
    """Make the call with this number over an asyncio client; return its problem."""
    name = f"n{number}n"

    async def listed() -> None:
        async for _ in client.conversations.list(bot_id=name):
            pass

    calls: list[Callable[[], Awaitable[Any]]] = [
        lambda: client.files.retrieve(file_id=name),
        lambda: client.chats.stream(bot_id=name, user_id="u").read(),
        lambda: client.workflows.stream(workflow_id=name, parameters={}).read(),
        listed,
        lambda: client.workflows.run(workflow_id=name, parameters={}),
        lambda: client.chats.create(bot_id=name, user_id="u"),
    ]
    try:
        await calls[number % len(calls)]()
    except Exception as error:  # noqa: BLE001 - judging any error is the purpose
        return problem_of(number, error)
    return ""
