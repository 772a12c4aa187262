"""CozeLLM on a fresh emulator, called in LlamaIndex's eight ways."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from coze_client.emulator import Emulator
from llama_index_coze import CozeLLM
from tests.support.llama_index_calls import (
    CHATS,
    Ask,
    Complete,
    Make,
    acomplete,
    astream_complete,
    complete,
    stream_complete,
)


@pytest.fixture(autouse=True)
def loop_for_blocking_calls(request: pytest.FixtureRequest) -> None:
    """Closes the event loop of a blocking test; a test on asyncio has its own."""
    if not inspect.iscoroutinefunction(request.function):
        request.getfixturevalue("own_event_loop")


@pytest.fixture
def llm(emulator: Emulator) -> Make:
    """Makes an LLM of one of the emulator's bots, by the bot's name; it lives until the test ends."""
    made: list[CozeLLM] = []

    def make(bot: str = "echo", **options: Any) -> CozeLLM:
        given = {"token": emulator.token, "base_url": emulator.url, "user_id": "u1", **options}
        made.append(CozeLLM(bot_id=emulator.bots[bot], **given))
        return made[-1]

    return make


@pytest.fixture(params=CHATS, ids=lambda way: way.__name__)
def ask(request: pytest.FixtureRequest) -> Ask:
    """Each way to chat, one after the other: all must end with the same response."""
    way: Ask = request.param
    return way


@pytest.fixture(params=[complete, acomplete, stream_complete, astream_complete], ids=lambda way: way.__name__)
def finish(request: pytest.FixtureRequest) -> Complete:
    """Each way to complete a prompt, one after the other."""
    way: Complete = request.param
    return way
