"""Whatever bytes a server sends, only errors of this package come out, without the token; `make fuzz` sends more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from coze_client import AsyncCozeClient, CozeClient
from tests.support.malformed import OPTIONS, TOKEN, call_asyncio, call_blocking, malformed, serve

NUMBERS = range(400)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server that answers with the malformed response whose number stands in the request."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    server.close()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def test_blocking(url: str) -> None:
    with CozeClient(TOKEN, base_url=url, **OPTIONS) as client:
        assert [problem for number in NUMBERS if (problem := call_blocking(client, number))] == []


@pytest.mark.parametrize("transport", [None, "aiohttp"])
async def test_asyncio(url: str, transport: None) -> None:
    async with AsyncCozeClient(TOKEN, base_url=url, transport=transport, **OPTIONS) as client:
        assert [problem for number in NUMBERS if (problem := await call_asyncio(client, number))] == []


def test_the_responses_differ_and_each_number_always_means_the_same() -> None:
    assert len({malformed(number) for number in NUMBERS}) > len(NUMBERS) * 0.8
    assert [malformed(number) for number in NUMBERS] == [malformed(number) for number in NUMBERS]
