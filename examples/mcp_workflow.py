"""Starts the MCP server of a workflow as an MCP client does, and calls the workflow, which asks a question.

Needs the extra `mcp`.
"""

from __future__ import annotations

import asyncio
import os
import sys

from mcp import ClientSession, StdioServerParameters, types
from mcp.client.stdio import stdio_client

SERVER = StdioServerParameters(
    command=sys.executable,
    args=["-m", "coze_client", "mcp", "--workflow", os.environ["COZE_WORKFLOW_ID"]],
    env=dict(os.environ),
)


async def answer(context: object, params: types.ElicitRequestParams) -> types.ElicitResult:
    """Answer the workflow's question; a real client shows a form."""
    print("It asks:", params.message)
    return types.ElicitResult(action="accept", content={"answer": "19:00"})


async def tell(progress: float, total: float | None, message: str | None) -> None:
    """Show what the nodes of the workflow say."""
    print("It says:", message)


async def main() -> None:
    """Call the first tool."""
    async with (
        stdio_client(SERVER) as (incoming, outgoing),
        ClientSession(incoming, outgoing, elicitation_callback=answer) as session,
    ):
        await session.initialize()
        [tool, *_] = (await session.list_tools()).tools
        result = await session.call_tool(tool.name, {"city": "Rome", "guests": 4}, progress_callback=tell)
        [text] = [block.text for block in result.content if isinstance(block, types.TextContent)]
        print(f"{tool.name} returns {text}")


asyncio.run(main())
