"""The server: carries out calls of its tools, with progress, forms, and errors as errors."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from mcp.server.lowlevel import Server

from coze_client.client import AsyncCozeClient
from coze_client.errors import CozeError
from coze_client.mcp_server.catalogue import load_tools
from coze_client.mcp_server.choice import Choice
from coze_client.mcp_server.progress import ProgressReporter
from coze_client.mcp_server.questions import Questions
from coze_client.mcp_server.reply import Json, Reply, failure, refusal
from coze_client.mcp_server.sdk import Elicit, Request, ServerInfo, new_server
from coze_client.mcp_server.stopping import wait_for_end
from coze_client.mcp_server.tool import Elicited, Tool
from coze_client.version import __version__

_CANCELLING_SECONDS = 10
_INSTRUCTIONS = (
    "Bots, workflows, plugins and datasets of a Coze account. Ids are texts of digits: pass them on unchanged. "
    "To go on with a bot's conversation, give the conversation_id of its last answer. "
    "If a result asks a question of the user, ask the user and then do what the result says."
)


class _Context:
    """What a tool may do while it runs."""

    def __init__(self, progress: ProgressReporter, elicit: Elicit) -> None:
        self.report = progress.report
        self._elicit = elicit

    async def elicit(self, question_id: str, message: str, schema: Json) -> Elicited | None:
        return await self._elicit(question_id, message, schema)


class ToolCalls:
    """Carries out the calls of a server's tools."""

    def __init__(self, tools: Sequence[Tool], questions: Questions) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._questions = questions
        self._running: set[asyncio.Task[Any]] = set()

    async def handle(self, request: Request) -> Reply:
        """The reply to a call; an error of Coze is a reply, too."""
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._running.add(task)
        try:
            return await self._reply(request)
        finally:
            self._running.discard(task)

    async def cancel(self) -> None:
        """Cancel the calls that run, and with them the chats that they started; waits for that for some seconds."""
        running = set(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=_CANCELLING_SECONDS)

    async def _reply(self, request: Request) -> Reply:
        tool = self._tools.get(request.name)
        if tool is None:
            return refusal(f"There is no tool {request.name!r}; there are {', '.join(self._tools)}")
        try:
            async with ProgressReporter(request.progress) as progress:
                context = _Context(progress, request.elicit)
                if request.answered:
                    return await self._questions.go_on(*request.answered, context)
                return await tool.call(request.arguments, context)
        except CozeError as error:
            return failure(error)


async def load_server(client: AsyncCozeClient, choice: Choice) -> Server[Any]:
    """Load what is chosen, and make a server of it; raises CozeError for a wrong choice or token."""
    return (await _load(client, choice))[0]


async def _load(client: AsyncCozeClient, choice: Choice) -> tuple[Server[Any], ToolCalls]:
    questions = Questions(client)
    tools = await load_tools(client, choice, questions)
    calls = ToolCalls(tools, questions)
    info = ServerInfo("coze", __version__, _INSTRUCTIONS)
    return new_server(info, [tool.to_json() for tool in tools], calls.handle), calls


async def serve_stdio(client: AsyncCozeClient, choice: Choice) -> bool:
    """Serve one client over standard input and output until it closes them, then True.

    False if the process was told to end. The calls are cancelled then, but a thread of the SDK still waits for the next
    line of the standard input, and would keep the process: leave it with ``os._exit``.
    """
    server, calls = await _load(client, choice)
    serving = asyncio.create_task(_serve_pipe(server))
    try:
        if not await wait_for_end(serving):
            await calls.cancel()
            return False
        await serving
        return True
    finally:
        serving.cancel()


async def _serve_pipe(server: Server[Any]) -> None:
    from mcp.server.stdio import stdio_server

    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
