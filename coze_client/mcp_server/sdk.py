"""The official SDK: all that its majors 1 and 2 do differently, so that no other file knows which one is installed.

Since 2026-07-28 of the protocol (SDK 2), a server asks the human by ending the request: the client shows the form, and
sends the request again with what was filled in. Before, the server sends a request of its own meanwhile.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from mcp import types
from mcp.server.lowlevel import Server

from coze_client.mcp_server.progress import Send
from coze_client.mcp_server.reply import Json, Reply
from coze_client.mcp_server.tool import Elicited

Elicit = Callable[[str, str, Json], Awaitable[Elicited | None]]
"""Shows a form to the human: the id of the question, its text, and the JSON schema; ``None`` if nobody can."""

_KEY = "answer"
IS_FIRST_MAJOR = hasattr(Server, "call_tool")


@dataclass(frozen=True)
class Request:
    """One call of a tool. `progress` is ``None`` if the client surely wants none.

    `answered`: the id of the question that an earlier request ended with, and what the human did with the form.
    """

    name: str
    arguments: Mapping[str, object]
    progress: Send | None
    elicit: Elicit
    answered: tuple[str, Elicited] | None = None


Handle = Callable[[Request], Awaitable[Reply]]


class ServerInfo(NamedTuple):
    """What a server tells of itself; `instructions` are for the model."""

    name: str
    version: str
    instructions: str


def new_server(info: ServerInfo, tools: Sequence[Json], handle: Handle) -> Server[Any]:
    """A server of the installed SDK with these `tools`; `handle` carries out their calls."""
    made: Callable[[ServerInfo, Sequence[Json], Handle], Server[Any]]
    made = _first_major if IS_FIRST_MAJOR else _second_major
    return made(info, tools, handle)


class _InputNeeded(Exception):
    """Ends a request with a form for the human."""

    def __init__(self, question_id: str, message: str, schema: Json) -> None:
        super().__init__(message)
        self.question_id, self.message, self.schema = question_id, message, schema

    def result(self) -> types.InputRequiredResult:
        params = {"mode": "form", "message": self.message, "requestedSchema": self.schema}
        requests = {_KEY: {"method": "elicitation/create", "params": params}}
        return types.InputRequiredResult.model_validate({"inputRequests": requests, "requestState": self.question_id})


class _Session(Protocol):
    """What both majors call alike."""

    async def elicit_form(self, message: str, schema: Json, related_request_id: Any, /) -> types.ElicitResult: ...


def _shows_forms(capabilities: Any) -> bool:  # of either major
    """Whether a client can show a form; one that names no mode can."""
    elicitation = capabilities.elicitation if capabilities is not None else None
    if elicitation is None:
        return False
    return elicitation.form is not None or elicitation.url is None


def _elicited(result: types.ElicitResult) -> Elicited:
    return Elicited(result.action, result.content or {})


def _asking(session: _Session, request_id: Any) -> Elicit:
    async def elicit(question_id: str, message: str, schema: Json) -> Elicited | None:
        return _elicited(await session.elicit_form(message, schema, request_id))

    return elicit


async def _cannot_ask(question_id: str, message: str, schema: Json) -> Elicited | None:
    return None


def _second_major(info: ServerInfo, tools: Sequence[Json], handle: Handle) -> Server[Any]:
    from mcp.server.context import ServerRequestContext
    from mcp.types.version import MODERN_PROTOCOL_VERSIONS

    listed = types.ListToolsResult(tools=[types.Tool.model_validate(each) for each in tools])

    async def list_tools(
        context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return listed

    async def end_and_ask(question_id: str, message: str, schema: Json) -> Elicited | None:
        raise _InputNeeded(question_id, message, schema)

    async def call_tool(
        context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        session = context.session

        async def progress(number: int, text: str) -> None:
            await session.report_progress(number, None, text)

        elicit: Elicit = _cannot_ask
        if _shows_forms(session.client_capabilities):
            is_modern = session.protocol_version in MODERN_PROTOCOL_VERSIONS
            elicit = end_and_ask if is_modern else _asking(session, context.request_id)
        given = (params.input_responses or {}).get(_KEY)
        answered = None
        if params.request_state and isinstance(given, types.ElicitResult):
            answered = (params.request_state, _elicited(given))
        request = Request(params.name, params.arguments or {}, progress, elicit, answered)
        try:
            return types.CallToolResult.model_validate((await handle(request)).to_json())
        except _InputNeeded as needed:
            return needed.result()

    return Server(
        info.name,
        version=info.version,
        instructions=info.instructions,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _first_major(info: ServerInfo, tools: Sequence[Json], handle: Handle) -> Any:
    kinds: Any = types  # the type checkers see the other major
    server: Any = Server(info.name, version=info.version, instructions=info.instructions)
    listed = types.ListToolsResult(tools=[types.Tool.model_validate(each) for each in tools])

    async def list_tools(_: object) -> object:
        return kinds.ServerResult(listed)

    async def call_tool(given: Any) -> object:
        context = server.request_context
        session, token = context.session, context.meta.progressToken if context.meta else None

        async def progress(number: int, text: str) -> None:
            await session.send_progress_notification(token, number, None, text, str(context.request_id))

        params = session.client_params
        shows_forms = _shows_forms(params.capabilities if params else None)
        elicit = _asking(session, context.request_id) if shows_forms else _cannot_ask
        request = Request(given.params.name, given.params.arguments or {}, None if token is None else progress, elicit)
        return kinds.ServerResult(types.CallToolResult.model_validate((await handle(request)).to_json()))

    server.request_handlers |= {kinds.ListToolsRequest: list_tools, kinds.CallToolRequest: call_tool}
    return server
