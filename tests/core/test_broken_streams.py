"""What arrived before a connection broke is read, even if the client had no time to read it before."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from coze_client import AsyncCozeClient, StreamInterrupted
from tests.support.event_streams import event_stream
from tests.support.scripted_server import Line, ScriptedServer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
CHAT = {"id": "7", "conversation_id": "8"}


def chunk(*events: tuple[str, object]) -> bytes:
    data = event_stream(*events)
    return b"%x\r\n%b\r\n" % (len(data), data)


def delta(text: str) -> tuple[str, object]:
    return "conversation.message.delta", {"id": "9", "role": "assistant", "type": "answer", "content": text}


@pytest.mark.parametrize("pieces", [1, 2, 50])
@pytest.mark.parametrize("options", [{}, {"transport": "aiohttp"}], ids=["httpx", "aiohttp"])
async def test_all_that_arrived_before_the_connection_broke_is_read(options: Any, pieces: int) -> None:
    def answer(line: Line) -> None:
        line.read_request()
        if len(line.server.requests) > 1:  # the client asks what became of the chat
            return
        line.send(HEAD + chunk(("conversation.chat.created", CHAT), delta("0 ")))
        line.server.answered.wait(10)
        line.send(b"".join(chunk(delta(f"{number} ")) for number in range(1, pieces + 1)))
        line.wait_until_delivered()
        line.close()
        broken.set()

    broken = threading.Event()
    with ScriptedServer(answer) as server:
        async with AsyncCozeClient("t" * 20, base_url=server.url, retry=None, **options) as client:
            stream = client.chats.stream(bot_id="1", user_id="u")
            while (await anext(stream)).delta != "0 ":
                pass
            server.answered.set()
            await asyncio.to_thread(broken.wait, 10)
            for _ in range(20):  # the event loop receives all; the stream reads nothing
                await asyncio.sleep(0)
            with pytest.raises(StreamInterrupted) as failed:
                await stream.read()
    assert failed.value.text == "".join(f"{number} " for number in range(pieces + 1))
    assert (failed.value.chat_id, failed.value.conversation_id) == ("7", "8")
