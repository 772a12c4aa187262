"""A server that starts a chat and goes on when a test says so, and readers whose stream is closed from elsewhere."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from coze_client import AsyncCozeClient, CozeClient, CozeError
from tests.support.scripted_coze import created, sse
from tests.support.scripted_server import Line, ScriptedServer, json_answer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Tt-Logid: log1\r\n\r\n"
CREATED = sse([created()])
PATHS = (b"POST /v3/chat?", b"POST /v3/chat ", b"POST /v3/chat/submit_tool_outputs", b"POST /v1/workflows/chat")
STREAMS: dict[str, Callable[[Any], Any]] = {
    "chat": lambda client: client.chats.stream(bot_id="1", user_id="u", conversation_id="8"),
    "tool outputs": lambda client: client.chats.stream_tool_outputs(
        conversation_id="8", chat_id="7", tool_outputs=[{"tool_call_id": "c", "output": "o"}]
    ),
    "chatflow": lambda client: client.workflows.chat(
        workflow_id="1", bot_id="1", additional_messages=[], conversation_id="8"
    ),
}


class HeldCoze:
    """A server that starts one chat, and sends the `begun` part of its stream before `go` is set, the rest after it.

    ``reached``: set when the moment has come in which the test closes the stream. ``cancelled``: set by a cancellation.
    """

    def __init__(self, begun: bytes = b"", refusals: int = 0) -> None:
        self.begun = begun
        self._refusals = refusals
        self.reached, self.go, self.cancelled, self.closed = (threading.Event() for _ in range(4))

    def serve(self, line: Line) -> None:
        """Serve one connection."""
        while head := line.read_request():
            if head.startswith(b"POST /v3/chat/cancel"):
                line.send(json_answer(b'{"code":0,"data":{"id":"7","conversation_id":"8"}}'))
                self.cancelled.set()
            elif self._refusals:
                self._refusals -= 1
                line.send(json_answer(b"{}", "429 Slow"))
            else:
                return self.stream(line)
        return None

    def stream(self, line: Line) -> None:
        """Answer a request that starts something."""
        line.send(self.begun)
        self.reached.set()
        self.go.wait(30)
        with suppress(OSError):  # closed with bytes unread
            line.send((HEAD + CREATED)[len(self.begun) :])
            if line.read_request():
                return
        self.closed.set()

    def starts(self, server: ScriptedServer) -> int:
        """The number of requests that start something."""
        return sum(head.startswith(PATHS) for head in server.requests)


def read_in_thread(url: str, stream_of: Callable[[Any], Any], coze: HeldCoze, token: Any, *, enter: bool) -> object:
    """Read a stream of a blocking client in a thread, close it in another one; return what the reader met."""
    met: list[object] = []
    with CozeClient(token, base_url=url) as client:
        stream = stream_of(client)

        def read() -> None:
            try:
                if enter:
                    with stream:
                        met.extend(stream)
                else:
                    met.extend(stream)
            except CozeError as error:
                met.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        assert coze.reached.wait(10)
        stream.close()
        coze.go.set()
        reader.join(10)
        assert not reader.is_alive()
        locks = client._session._locks._locks
        assert not locks
    return met


def read_in_task(
    url: str, stream_of: Callable[[Any], Any], coze: HeldCoze, token: Any, *, enter: bool, cancel: bool, transport: Any
) -> object:
    """The same with a task of an asyncio client, whose stream is closed, or which is cancelled."""

    async def main() -> object:
        met: list[object] = []
        async with AsyncCozeClient(token, base_url=url, transport=transport) as client:
            stream = stream_of(client)

            async def read() -> None:
                try:
                    if enter:
                        async with stream:
                            met.extend([event async for event in stream])
                    else:
                        met.extend([event async for event in stream])
                except CozeError as error:
                    met.append(error)

            task = asyncio.ensure_future(read())
            await asyncio.to_thread(coze.reached.wait, 10)
            if cancel:
                task.cancel()
            else:
                await stream.aclose()
            if cancel:
                await asyncio.wait({task}, timeout=10)  # it does not wait for the server
                assert task.done()
            coze.go.set()
            await asyncio.wait({task}, timeout=10)
            assert task.done()
            locks = client._session._locks._locks
            assert not locks
        return met

    return asyncio.run(main())


BEGUN = {
    "before the headers": b"",
    "within the headers": HEAD[:20],
    "before the first event": HEAD,
    "within the first event": HEAD + CREATED[:40],
    "before its end": HEAD + CREATED[:-1],
}
