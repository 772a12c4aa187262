"""A batch whose process is killed, again and again: nothing is lost, and nothing is asked twice."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from coze_client import CozeClient, Message
from coze_client.batch import Batch
from coze_client.emulator import Emulator

BOT = "7350000000000000001"
PROMPTS = [f"prompt {number}" for number in range(120)]

KILLED = """
import asyncio, os, signal, sys
from functools import partial
from coze_client import AsyncCozeClient, Message
from coze_client.batch import Batch

url, token, path, bot, prompts, *steps = sys.argv[1:]

def kill_at(step):
    left = int(step)

    def count():
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
    return count

async def ask(prompt, count=lambda: None):
    client = AsyncCozeClient(token, base_url=url)
    count()
    async with client.chats.stream(bot_id=bot, user_id="u", additional_messages=[Message.user(prompt)]) as stream:
        async for event in stream:
            count()
    return stream.text

def run(count):
    write = os.write

    def write_halves(file, data):
        count()
        written = write(file, data[: len(data) // 2 + 1])
        count()
        return written

    os.write, os.fsync = write_halves, lambda file: count()  # a kill does not lose what was only written
    prompt_texts = (f"prompt {number}" for number in range(int(prompts)))
    Batch(path).run(prompt_texts, partial(ask, count=count), max_concurrency=10)

asyncio.run(ask("warm up"))  # imports what each child would import again
for step in steps:
    child = os.fork()
    if not child:
        try:
            run(kill_at(step))
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked, to kill many of them fast")
def test_killed_at_random_moments_nothing_is_lost_and_nothing_is_asked_twice(
    emulator: Emulator, client: CozeClient, tmp_path: Path
) -> None:
    steps = [str(random.Random(7 + number).randrange(1, 90)) for number in range(8)]
    args = [emulator.url, emulator.token, str(tmp_path / "answers"), BOT, str(len(PROMPTS)), *steps]
    done = subprocess.run([sys.executable, "-c", KILLED, *args], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["-9"] * len(steps), done.stderr

    def ask(prompt: str) -> str:
        with client.chats.stream(bot_id=BOT, user_id="u", additional_messages=[Message.user(prompt)]) as stream:
            return "".join(event.message.content for event in stream if event.message) and stream.text

    summary = Batch(tmp_path / "answers").run(PROMPTS, ask, max_concurrency=4)
    stored = [json.loads(line) for line in (tmp_path / "answers").read_text().splitlines()]
    unknown = {each.number for each in summary.unknown}
    assert {each["status"] for each in stored} == {"completed"}
    assert sorted([*(each["number"] for each in stored), *unknown]) == list(range(len(PROMPTS)))
    assert all(PROMPTS[each["number"]] == each["prompt"] and each["answer"] for each in stored)
    assert len(unknown) <= 10 * len(steps)
    bodies: list[Any] = [call.body for call in emulator.calls_to("/v3/chat")]
    asked = Counter(body["additional_messages"][0]["content"] for body in bodies)
    assert set(asked.values()) == {1}
    assert {"warm up", *(each["prompt"] for each in stored)} <= asked.keys()
