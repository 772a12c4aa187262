"""Calls an MCP server with llama-index-tools-mcp: every call with a session of its own, as its tools do."""

from __future__ import annotations

import asyncio
from typing import Any

from llama_index.tools.mcp import BasicMCPClient, McpToolSpec

from tests.peers.scripts.serve import serve


def connect(server: dict[str, Any]) -> BasicMCPClient:
    if server["transport"] == "stdio":
        return BasicMCPClient(server["command"], args=server["args"], env=server["env"])
    return BasicMCPClient(server["url"], headers=server["headers"])


async def call(request: dict[str, Any]) -> dict[str, Any]:
    """Return the names of the tools, and what the calls returned."""
    tools = {
        str(tool.metadata.name): tool for tool in await McpToolSpec(connect(request["server"])).to_tool_list_async()
    }
    return {"tools": sorted(tools), "answers": [await answer(tools[name], given) for name, given in request["calls"]]}


async def answer(tool: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    output = (await tool.acall(**arguments)).raw_output
    texts = [block.text for block in output.content if block.type == "text"]
    status = "error" if output.is_error else "success"
    return {"text": "\n".join(texts), "status": status, "facts": output.structured_content or {}}


if __name__ == "__main__":
    serve(lambda request: asyncio.run(call(request)))
