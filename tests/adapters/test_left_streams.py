"""Leaving a stream early, then ending the loop or closing the client: nothing is printed, and no chat runs on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable
from pathlib import Path
from typing import Any

import pytest

from coze_client import AsyncCozeClient, Message
from coze_client.emulator import Emulator
from coze_client.emulator.faults import Delay
from coze_client.emulator.scripts import Answer, Hold
from langchain_coze import ChatCoze
from llama_index_coze import CozeLLM
from tests.support.forked_programs import run_program

PROGRAM = """
import asyncio, gc, sys
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
gc.collect()
print("left")
"""


@pytest.mark.parametrize(
    ("way", "transport"), [("client", ""), ("client", "aiohttp"), ("langchain", "aiohttp"), ("llama_index", "")]
)
def test_a_stream_that_is_left_at_the_end_of_the_loop_prints_nothing(
    emulator: Emulator, tmp_path: Path, way: str, transport: str
) -> None:
    emulator.inject(Delay(0.3), path="/v3/chat/cancel")  # longer than everything else that an event loop closes
    arguments = [emulator.url, emulator.token, emulator.bots["slow"], way, transport]
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, "utf-8")
    done = run_program(program, *arguments, cwd=tmp_path, env={})
    assert (done.stdout, done.stderr, done.returncode) == ("left\n", "", 0)


async def first(items: AsyncIterable[object]) -> None:
    async for _ in items:
        return


async def leave_stream(client: AsyncCozeClient, bot: str) -> None:
    await first(client.chats.stream(bot_id=bot, user_id="u", additional_messages=[Message.user("hi")]))


async def leave_unread(client: AsyncCozeClient, bot: str) -> None:
    await client.chats.stream(bot_id=bot, user_id="u", additional_messages=[Message.user("hi")]).__aenter__()


async def leave_langchain(client: AsyncCozeClient, bot: str) -> None:
    await first(ChatCoze(bot_id=bot, client=client).astream("hi"))


async def leave_llama_index(client: AsyncCozeClient, bot: str) -> None:
    await first(await CozeLLM(bot_id=bot, client=client).astream_complete("hi"))


@pytest.mark.parametrize("transport", [None, "aiohttp"], ids=["httpx", "aiohttp"])
@pytest.mark.parametrize("leave", [leave_stream, leave_unread, leave_langchain, leave_llama_index])
def test_a_client_that_is_closed_after_a_stream_was_left_cancels_the_chat(
    emulator: Emulator, leave: Callable[..., Any], transport: Any
) -> None:
    emulator.add_bot("held", lambda _: [Answer("a word "), Hold(lambda: False)])

    async def main() -> None:
        async with AsyncCozeClient(emulator.token, base_url=emulator.url, transport=transport) as client:
            await leave(client, emulator.bots["held"])

    asyncio.run(main())
    emulator.wait_until(lambda: emulator.open_streams == 0)
    assert len(emulator.calls_to("/v3/chat/cancel")) == emulator.chats_started == 1
