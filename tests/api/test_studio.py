"""Both clients on a self-hosted coze-studio."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from coze_client import CozeError
from coze_client.emulator import Emulator
from tests.support.clients import ConnectedClient, Driver


@pytest.fixture
def studio(driver: Driver) -> Iterator[ConnectedClient]:
    """A client of either kind on a fresh studio."""
    with Emulator("studio") as emulator:
        yield ConnectedClient(driver, emulator)


# --- the log id ---


def test_responses_and_streams_have_the_studios_log_id(studio: ConnectedClient) -> None:
    client = studio.client
    sent = studio.run(client.with_response(client.conversations.create))
    stream = studio.ask("hi")
    studio.run(stream.read())
    assert UUID(sent.logid) != UUID(stream.logid)


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.files.retrieve(file_id="1"),  # no such route
        lambda client: client.bots.retrieve(bot_id="7"),  # refused with a code
        lambda client: client.chats.retrieve(conversation_id="7", chat_id="8"),  # HTTP 500, text
        lambda client: client.chats.create(bot_id="7", user_id="u", additional_messages=[]),  # HTTP 400
    ],
)
def test_errors_have_the_studios_log_id(
    studio: ConnectedClient, sleeps: list[float], call: Callable[[Any], Any]
) -> None:
    with pytest.raises(CozeError) as caught:
        studio.run(call(studio.client))
    assert caught.value.logid is not None
    UUID(caught.value.logid)
    assert caught.value.logid in str(caught.value)
