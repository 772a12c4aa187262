"""The server: carries out calls of its tools, with progress, forms, and errors as errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcp.server.lowlevel import Server

from coze_client.client import AsyncCozeClient
from coze_client.errors import CozeError
from coze_client.mcp_server.catalogue import load_tools
from coze_client.mcp_server.choice import Choice
from coze_client.mcp_server.progress import ProgressReporter
from coze_client.mcp_server.questions import Questions
from coze_client.mcp_server.reply import Json, Reply, failure, refusal
from coze_client.mcp_server.sdk import Elicit, Request, ServerInfo, new_server
from coze_client.mcp_server.tool import Elicited, Tool
from coze_client.version import __version__

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

    async def handle(self, request: Request) -> Reply:
        """The reply to a call; an error of Coze is a reply, too."""
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
    questions = Questions(client)
    tools = await load_tools(client, choice, questions)
    described = [tool.to_json() for tool in tools]
    info = ServerInfo("coze", __version__, _INSTRUCTIONS)
    return new_server(info, described, ToolCalls(tools, questions).handle)


async def serve_stdio(client: AsyncCozeClient, choice: Choice) -> None:
    """Serve one client over standard input and output until it closes them."""
    from mcp.server.stdio import stdio_server

    server = await load_server(client, choice)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
