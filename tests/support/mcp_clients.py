"""The official SDK's own client, the same for both of its majors and for both eras of the protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import mcp.types
from mcp import ClientSession

from coze_client.mcp_server.sdk import IS_FIRST_MAJOR

ERAS = ("legacy",) if IS_FIRST_MAJOR else ("legacy", "modern")
"""With a handshake and requests of the server; since 2026-07-28 with neither."""

types: Any = mcp.types  # the type checkers see one major
Json = dict[str, Any]
Fill = Callable[[str, Json], Json | None]
"""Fills a form: from the text and the schema to the values; ``None`` declines."""


@dataclass
class Called:
    """The result of a call, as its JSON, and the texts of the notifications before it."""

    json: Json
    progress: list[str] = field(default_factory=list)

    @property
    def is_error(self) -> bool:
        return bool(self.json.get("isError"))

    @property
    def facts(self) -> Json:
        return dict(self.json.get("structuredContent") or {})

    @property
    def content(self) -> list[Json]:
        return list(self.json["content"])

    @property
    def text(self) -> str:
        return "\n".join(block["text"] for block in self.content if block["type"] == "text")


class McpClient:
    """A connected client; `session` is the SDK's."""

    def __init__(self, session: Any) -> None:
        self.session = session

    async def tools(self) -> dict[str, Json]:
        """The tools by name."""
        listed = (await self.session.list_tools()).model_dump(mode="json", by_alias=True, exclude_none=True)
        return {tool["name"]: tool for tool in listed["tools"]}

    async def call(
        self, name: str, arguments: Mapping[str, object], on_progress: Callable[[str], object] | None = None
    ) -> Called:
        """Call a tool."""
        told: list[str] = []

        async def progress(number: float, total: float | None, message: str | None) -> None:
            told.append(message or "")
            if on_progress is not None:
                on_progress(message or "")

        result = await self.session.call_tool(name, dict(arguments), progress_callback=progress)
        return Called(result.model_dump(mode="json", by_alias=True, exclude_none=True), told)

    async def call_and_cancel(self, name: str, arguments: Mapping[str, object]) -> None:
        """Call a tool, and cancel the call once its first progress has arrived."""
        began = asyncio.Event()
        task = asyncio.create_task(self.call(name, arguments, lambda _: began.set()))
        await began.wait()
        if IS_FIRST_MAJOR:  # its client does not tell the server that the caller has gone
            params = types.CancelledNotificationParams(requestId=self.session._request_id - 1)
            await self.session.send_notification(
                types.ClientNotification(types.CancelledNotification(method="notifications/cancelled", params=params))
            )
        task.cancel()
        await asyncio.wait({task})


Connect = Callable[..., AbstractAsyncContextManager[McpClient]]
"""Connects to a server of what is chosen: ``async with connect(bots=[…]) as client``; `fill` fills its forms."""


@asynccontextmanager
async def in_memory(server: Any, era: str, fill: Fill | None = None) -> AsyncIterator[McpClient]:
    """Connect a client to a server in this process, or for SDK 2 over a transport; without `fill` it shows no forms."""
    asking = elicitation(fill)
    if IS_FIRST_MAJOR:
        from mcp.shared import memory

        first: Any = memory
        async with first.create_connected_server_and_client_session(server, elicitation_callback=asking) as session:
            yield McpClient(session)
        return
    from mcp import Client

    mode = "legacy" if era == "legacy" else "auto"
    async with Client(server, mode=mode, elicitation_callback=asking) as client:
        yield McpClient(client)


@asynccontextmanager
async def over_streams(streams: Any, era: str, fill: Fill | None = None) -> AsyncIterator[McpClient]:
    """Connect a client over a transport of the SDK."""
    if not IS_FIRST_MAJOR:
        async with in_memory(streams, era, fill) as client:
            yield client
        return
    async with streams as opened:
        incoming, outgoing = opened[:2]
        async with ClientSession(incoming, outgoing, elicitation_callback=elicitation(fill)) as session:
            await session.initialize()
            yield McpClient(session)


def elicitation(fill: Fill | None) -> Any:
    """The SDK's callback of a function that fills forms."""
    if fill is None:
        return None

    async def elicit(_: object, params: Any) -> Any:
        given = params.model_dump(mode="json", by_alias=True, exclude_none=True)
        content = fill(given["message"], given["requestedSchema"])
        return types.ElicitResult(action="decline" if content is None else "accept", content=content)

    return elicit


def over_http(url: str, headers: Mapping[str, str]) -> Any:
    """The SDK's streams to a server over streamable HTTP."""
    from mcp.client import streamable_http

    transport: Any = streamable_http
    if IS_FIRST_MAJOR:
        return transport.streamablehttp_client(url, headers=dict(headers))
    return _with_headers(transport, url, headers)


@asynccontextmanager
async def _with_headers(transport: Any, url: str, headers: Mapping[str, str]) -> AsyncIterator[Any]:
    import httpx2

    async with (
        httpx2.AsyncClient(headers=dict(headers)) as http,
        transport.streamable_http_client(url, http_client=http) as streams,
    ):
        yield streams
