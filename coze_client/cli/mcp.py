"""The command `cozekit mcp`: an MCP server of one's own bots, workflows, plugins and datasets."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from coze_client.cli.completion import names_of
from coze_client.cli.nouns import BOTS, DATASETS, WORKFLOWS, Noun, find_in
from coze_client.cli.options import AsJson, Workspace
from coze_client.cli.settings import settings_of
from coze_client.cli.terminal import Terminal

if TYPE_CHECKING:
    from coze_client.client import AsyncCozeClient, CozeClient
    from coze_client.mcp_server.choice import Choice
    from coze_client.mcp_server.http_server import HttpSettings

_TOLD_TO_END = 130  # as shells have it for Ctrl-C
_ID_OR_NAME = "id or name; may be given several times."
Ids: TypeAlias = list[str] | None


def mcp(
    context: typer.Context,
    bot: Annotated[Ids, typer.Option(help=f"A bot: {_ID_OR_NAME}", autocompletion=names_of(BOTS))] = None,
    workflow: Annotated[
        Ids, typer.Option(help=f"A workflow: {_ID_OR_NAME}", autocompletion=names_of(WORKFLOWS))
    ] = None,
    plugin: Annotated[Ids, typer.Option(help="A plugin of the store: entity id; may be given several times.")] = None,
    dataset: Annotated[Ids, typer.Option(help=f"A dataset: {_ID_OR_NAME}", autocompletion=names_of(DATASETS))] = None,
    search_workflow: Annotated[
        str, typer.Option(help="The workflow that searches the datasets; default the bots of recall.setup.")
    ] = "",
    workspace: Workspace = "",
    file: Annotated[
        Path | None, typer.Option(help="A JSON file with all of this, and names and descriptions.", dir_okay=False)
    ] = None,
    user: Annotated[str, typer.Option(help="The user whose memory the bots use.")] = "mcp",
    file_root: Annotated[
        list[Path] | None, typer.Option(help="A folder of which workflows may read files.", file_okay=False)
    ] = None,
    http: Annotated[bool, typer.Option("--http", help="Serve streamable HTTP; the token is COZE_MCP_TOKEN.")] = False,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 chooses a free one.")] = 8643,
    allow_host: Annotated[Ids, typer.Option(help="A name by which clients reach the server, NAME[:PORT].")] = None,
    allow_origin: Annotated[Ids, typer.Option(help="A page that may call it from a browser.")] = None,
    show: Annotated[bool, typer.Option("--list", help="Show the tools, and end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Serve bots, workflows, plugins and datasets as tools of an MCP client, over its pipe or over HTTP.

    Of a --workspace alone, all published bots and workflows become tools.
    """
    named = {"bot": bot, "workflow": workflow, "plugin": plugin, "dataset": dataset}
    if file is not None and any(named.values()):
        raise typer.BadParameter("it names the tools: give no others beside it", param_hint="--file")
    settings = settings_of(context)
    from coze_client.mcp_server.choice import Choice

    client = settings.client()
    if file is not None:
        choice = Choice.read(file)
    else:
        more = {"workspace_id": workspace, "user_id": user, "file_roots": [str(root) for root in file_root or ()]}
        choice = Choice.of({**_ids(client, named, search_workflow, workspace), **more}, "The options")
    if show:
        work = _show(settings.terminal, client.aio, choice, as_json=as_json)
    elif http:
        from coze_client.mcp_server.http_server import HttpSettings, read_token

        reached = HttpSettings(read_token(), host, port, tuple(allow_host or ()), tuple(allow_origin or ()))
        work = _serve_http(settings.terminal, client.aio, choice, reached)
    else:
        work = _serve_pipe(settings.terminal, client.aio, choice)
    asyncio.run(_closing(client.aio, work))


def _ids(
    client: CozeClient, named: Mapping[str, list[str] | None], search_workflow: str, workspace: str
) -> dict[str, object]:
    """What the options name, with ids in place of names; plugins are no part of a workspace."""

    def find(noun: Noun, given: Iterable[str] | None) -> list[str]:
        return [find_in(client, noun, each, workspace) for each in given or ()]

    searcher = find_in(client, WORKFLOWS, search_workflow, workspace) if search_workflow else ""
    return {
        "bots": find(BOTS, named["bot"]),
        "workflows": find(WORKFLOWS, named["workflow"]),
        "plugins": named["plugin"] or [],
        "datasets": [{"id": each, "workflow_id": searcher} for each in find(DATASETS, named["dataset"])],
    }


async def _closing(client: AsyncCozeClient, work: Coroutine[Any, Any, None]) -> None:
    async with client:
        await work


async def _show(terminal: Terminal, client: AsyncCozeClient, choice: Choice, *, as_json: bool) -> None:
    from coze_client.mcp_server.catalogue import load_tools
    from coze_client.mcp_server.questions import Questions

    tools = await load_tools(client, choice, Questions(client))
    if as_json:
        terminal.write_json([tool.to_json() for tool in tools])
    else:
        terminal.write_table(["tool", "description"], [(tool.name, tool.description) for tool in tools])


async def _serve_pipe(terminal: Terminal, client: AsyncCozeClient, choice: Choice) -> None:
    from coze_client.mcp_server.server import serve_stdio

    if sys.stdin.isatty():
        terminal.note("An MCP client starts this command and speaks to it; nothing is to be typed here.")
    if not await serve_stdio(client, choice):
        await client.close()
        os._exit(_TOLD_TO_END)


async def _serve_http(terminal: Terminal, client: AsyncCozeClient, choice: Choice, settings: HttpSettings) -> None:
    from coze_client.mcp_server.http_server import serve_http

    await serve_http(client, choice, settings, lambda url: terminal.note(f"MCP server: {url}", style=""))
