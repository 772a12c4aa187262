"""Calls an MCP server with langchain-mcp-adapters: every call with a session of its own, as its tools do."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.tools import BaseTool
from langchain_mcp_adapters.callbacks import Callbacks
from langchain_mcp_adapters.client import MultiServerMCPClient
from mcp.types import ElicitResult

from tests.peers.scripts.serve import serve


async def call(request: dict[str, Any]) -> dict[str, Any]:
    """Return the names of the tools, and what the calls returned and told as progress."""
    told: list[str | None] = []

    async def progress(number: float, total: float | None, message: str | None, context: object) -> None:
        told.append(message)

    async def elicit(_: object, params: Any, context: object) -> ElicitResult:
        return ElicitResult(action="accept", content={"answer": request["fill"]})

    callbacks = Callbacks(on_progress=progress, on_elicitation=elicit if request.get("fill") else None)
    client = MultiServerMCPClient({"coze": request["server"]}, callbacks=callbacks)
    tools = {tool.name: tool for tool in await client.get_tools()}
    return {
        "tools": sorted(tools),
        "answers": [await answer(tools[name], given) for name, given in request["calls"]],
        "progress": told,
    }


async def answer(tool: BaseTool, arguments: dict[str, Any]) -> dict[str, Any]:
    message = await tool.ainvoke({"type": "tool_call", "id": "1", "name": tool.name, "args": arguments})
    facts = message.artifact["structured_content"] if message.artifact else {}
    return {"text": message.text, "status": message.status, "facts": facts}


if __name__ == "__main__":
    serve(lambda request: asyncio.run(call(request)))
