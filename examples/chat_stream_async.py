"""Asks three questions at the same time on asyncio, each in its own conversation."""

from __future__ import annotations

import asyncio
import os

from coze_client import AsyncCozeClient, Message


async def ask(client: AsyncCozeClient, question: str) -> str:
    """The whole answer to one question."""
    async with client.chats.stream(
        bot_id=os.environ["COZE_BOT_ID"], user_id="examples", additional_messages=[Message.user(question)]
    ) as stream:
        async for event in stream:
            if event.delta:
                print(".", end="", flush=True)
    return stream.text


async def main() -> None:
    async with AsyncCozeClient() as client:
        answers = await asyncio.gather(*(ask(client, question) for question in ("Who?", "Where?", "When?")))
    print()
    print("\n".join(answers))


asyncio.run(main())
