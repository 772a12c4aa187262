"""Fixtures of the MCP server: a client of Coze on a fresh emulator, and connected clients of both eras."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from coze_client import AsyncCozeClient
from coze_client.emulator import Emulator
from coze_client.mcp_server.choice import Choice
from coze_client.mcp_server.server import load_server
from tests.support.mcp_clients import ERAS, Connect, Fill, McpClient, in_memory


@pytest_asyncio.fixture
async def coze_client(emulator: Emulator) -> AsyncIterator[AsyncCozeClient]:
    """A client of the emulator."""
    async with AsyncCozeClient(emulator.token, base_url=emulator.url) as client:
        yield client


@pytest.fixture(params=ERAS)
def connect(request: pytest.FixtureRequest, coze_client: AsyncCozeClient) -> Connect:
    """Connects a client of each era to a server of the given choice."""

    @asynccontextmanager
    async def connect(fill: Fill | None = None, **choice: object) -> AsyncIterator[McpClient]:
        server = await load_server(coze_client, Choice.of(choice, "the test"))
        async with in_memory(server, request.param, fill) as client:
            yield client

    return connect
