"""The server over streamable HTTP: whom it serves, and whom it refuses."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from coze_client import AsyncCozeClient
from coze_client.emulator import Emulator
from coze_client.errors import ConfigurationError
from coze_client.mcp_server.choice import Choice
from coze_client.mcp_server.http_server import HttpSettings, read_token, serve_http
from coze_client.mcp_server.sdk import IS_FIRST_MAJOR
from tests.support.mcp_clients import ERAS, over_http, over_streams

if IS_FIRST_MAJOR:  # SDK 1.24 leaves streams of its own open
    pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

TOKEN = "a-token-of-the-server-itself"
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest_asyncio.fixture
async def url(coze_client: AsyncCozeClient, emulator: Emulator) -> AsyncIterator[str]:
    """The URL of a server with a bot and a workflow."""
    choice = Choice.of({"bots": [emulator.bots["echo"]], "workflows": [emulator.workflows["book_table"]]}, "the test")
    settings = HttpSettings(TOKEN, port=0, hosts=("mcp.example.com",), origins=("https://example.com",))
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve_http(coze_client, choice, settings, ready.set_result))
    yield await ready
    serving.cancel()
    await asyncio.wait({serving})
    if IS_FIRST_MAJOR:
        gc.collect()  # in this test, not in a later one


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_with_the_token_calls_bots_and_workflows_that_ask(url: str, era: str) -> None:
    streams = over_http(url, {"Authorization": f"Bearer {TOKEN}"})
    async with over_streams(streams, era, lambda message, schema: {"answer": "19:00"}) as client:
        tools = await client.tools()
        answer = await client.call("ask_echo", {"question": "hello"})
        booked = await client.call("book_table", {"city": "Rome"})
    assert set(tools) == {"ask_echo", "book_table", "answer_question"}
    assert answer.facts["answer"] == "hello"
    assert booked.facts["output"]["time"] == "19:00"
    assert "".join(booked.progress).startswith("Looking for a table for 2 in Rome.")


async def test_only_the_token_its_hosts_and_its_origins_are_served(url: str) -> None:
    right = {"Authorization": f"Bearer {TOKEN}", **ACCEPT}
    cases: list[tuple[dict[str, str], int]] = [
        (right, 200),
        (ACCEPT, 401),
        ({**right, "Authorization": "Bearer another"}, 401),
        ({**right, "Authorization": f"Basic {TOKEN}"}, 401),
        ({**right, "Host": "evil.example.org"}, 421),
        ({**right, "Host": "mcp.example.com"}, 200),
        ({**right, "Origin": "https://evil.example.org"}, 403),
        ({**right, "Origin": "http://localhost:6274"}, 200),
        ({**right, "Origin": "https://example.com"}, 200),
    ]
    async with httpx.AsyncClient() as http:
        found = [(await http.post(url, json=HELLO, headers=headers)).status_code for headers, _ in cases]
        elsewhere = await http.post(url.replace("/mcp", "/other"), json=HELLO, headers=right)
        hidden = await http.get(url.replace("/mcp", "/other"))
        unlocked = await http.post(url, json=HELLO, headers=ACCEPT)
    assert found == [status for _, status in cases]
    assert (elsewhere.status_code, hidden.status_code) == (404, 401)
    assert unlocked.headers["www-authenticate"] == "Bearer"
    assert TOKEN not in unlocked.text


def test_it_listens_on_the_loopback_address_unless_told_otherwise() -> None:
    assert HttpSettings(TOKEN).host == "127.0.0.1"
    with pytest.raises(ConfigurationError, match="--allow-host"):
        _ = HttpSettings(TOKEN, host="0.0.0.0").security
    assert "example.com" in HttpSettings(TOKEN, host="0.0.0.0", hosts=("example.com",)).security.allowed_hosts
    assert "10.0.0.7:*" in HttpSettings(TOKEN, host="10.0.0.7").security.allowed_hosts
    assert TOKEN not in repr(HttpSettings(TOKEN))


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({}, "needs a token of its own"),
        ({"COZE_MCP_TOKEN": " "}, "needs a token of its own"),
        ({"COZE_MCP_TOKEN": "short"}, "20 ASCII characters"),
        ({"COZE_MCP_TOKEN": "ключ" * 9}, "20 ASCII characters"),
        ({"COZE_MCP_TOKEN": TOKEN, "COZE_API_TOKEN": TOKEN}, "is the token of Coze"),
        ({"COZE_MCP_TOKEN": TOKEN, "COZE_API_KEY": TOKEN}, "is the token of Coze"),
    ],
)
def test_a_token_that_protects_nothing_is_refused(environment: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as refused:
        read_token(environment)
    assert TOKEN not in str(refused.value)


def test_the_token_comes_from_the_environment() -> None:
    assert read_token({"COZE_MCP_TOKEN": f"{TOKEN}\n", "COZE_API_TOKEN": "pat_other"}) == TOKEN
