"""ChatCoze on a fresh emulator, called in LangChain's four ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from coze_client.emulator import Emulator
from langchain_coze import ChatCoze
from tests.support.langchain_calls import WAYS, Ask


@pytest.fixture
def model(emulator: Emulator) -> Callable[..., ChatCoze]:
    """Makes a model of one of the emulator's bots, by the bot's name."""

    def make(bot: str = "echo", **options: Any) -> ChatCoze:
        given = {"token": emulator.token, "base_url": emulator.url, "user_id": "u1", **options}
        return ChatCoze(bot_id=emulator.bots[bot], **given)

    return make


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def ask(request: pytest.FixtureRequest) -> Ask:
    """Each way to ask a model, one after the other: all must return the same answer."""
    way: Ask = request.param
    return way
