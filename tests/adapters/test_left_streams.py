"""Leaving a stream early and ending the event loop prints nothing, in either framework, and over either transport."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from coze_client.emulator import Emulator
from coze_client.emulator.faults import Delay

PROGRAM = """
import asyncio, os, sys
from coze_client import AsyncCozeClient, Message

url, token, bot, way, transport = sys.argv[1:]
options = {"transport": transport} if transport else {}

async def first(items):
    async for item in items:
        return

async def main():
    client = AsyncCozeClient(token, base_url=url, **options)
    if way == "client":
        await first(client.chats.stream(bot_id=bot, user_id="u", additional_messages=[Message.user("count")]))
    elif way == "langchain":
        from langchain_coze import ChatCoze
        await first(ChatCoze(bot_id=bot, client=client).astream("count"))
    else:
        from llama_index_coze import CozeLLM
        await first(await CozeLLM(bot_id=bot, client=client).astream_complete("count"))

asyncio.run(main())
print("left")
"""


@pytest.mark.parametrize(
    ("way", "transport"), [("client", ""), ("client", "aiohttp"), ("langchain", "aiohttp"), ("llama_index", "")]
)
def test_a_stream_that_is_left_at_the_end_of_the_loop_prints_nothing(
    emulator: Emulator, way: str, transport: str
) -> None:
    emulator.inject(Delay(0.3), path="/v3/chat/cancel")  # longer than everything else that an event loop closes
    arguments = [emulator.url, emulator.token, emulator.bots["slow"], way, transport]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert (done.stdout, done.stderr, done.returncode) == ("left\n", "", 0)
