"""The tools of a server, loaded from the API by the user's choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from coze_client.api.bots.resource import Bots
from coze_client.api.datasets.values import Dataset
from coze_client.api.recall.helper_bot import RecallBot
from coze_client.bridge.tools.definitions import ToolDefinition, load_definition, load_plugins, load_workflows, shorten
from coze_client.bridge.tools.tool_names import tool_name, tool_names
from coze_client.client import AsyncCozeClient
from coze_client.errors import ConfigurationError, NotFound, PermissionDenied
from coze_client.mcp_server.bot_tool import bot_tool
from coze_client.mcp_server.choice import Choice, Chosen, ChosenDataset
from coze_client.mcp_server.plugin_tool import plugin_tool, plugin_tool_id
from coze_client.mcp_server.questions import ANSWER_TOOL, Questions
from coze_client.mcp_server.search_tool import search_tool
from coze_client.mcp_server.tool import Tool
from coze_client.mcp_server.workflow_tool import workflow_tool

_MAX_CONCURRENT = 10


async def load_tools(client: AsyncCozeClient, choice: Choice, questions: Questions) -> tuple[Tool, ...]:
    """Load names, descriptions and parameters of all that is chosen; every name is unique.

    Raises ConfigurationError if there is nothing, and what the client raises for ids that it may not read.
    """
    workflows = await _workflows(client, choice, questions)
    tools = [
        *await _bots(client, choice),
        *workflows,
        *await _plugins(client, choice),
        *await _datasets(client, choice),
    ]
    if not tools:
        raise ConfigurationError(
            f"Workspace {choice.workspace_id} has neither a bot nor a workflow that is published to the API channel",
            cure="Publish one, or choose by id",
        )
    return (*unique(tools, choice.given_names), *([questions.tool()] if workflows else []))


def unique(tools: Sequence[Tool], given: Sequence[str]) -> list[Tool]:
    """The tools with their ids added to equal names, so that no name depends on the order; pure.

    Names that the user has `given` stay as they are.
    """
    made = {each.id: each.name for each in tools if each.name not in given}
    names = tool_names({**made, **{name: name for name in (*given, ANSWER_TOOL)}})
    return [replace(each, name=names[each.id]) if each.id in made else each for each in tools]


async def _bots(client: AsyncCozeClient, choice: Choice) -> list[Tool]:
    found = await _workspace_bots(client, choice) if choice.is_whole_workspace else await _chosen_bots(client, choice)
    return [_bot(client, bot, title, choice.user_id) for bot, title in found]


async def _workspace_bots(client: AsyncCozeClient, choice: Choice) -> list[tuple[Chosen, str]]:
    listed = [each async for each in client.bots.list(workspace_id=choice.workspace_id)]
    return [(Chosen(id=each.bot_id, description=each.description), each.name) for each in listed]


async def _chosen_bots(client: AsyncCozeClient, choice: Choice) -> list[tuple[Chosen, str]]:
    session = client._session
    requests = [Bots.retrieve(bot_id=each.id) for each in choice.bots]
    loaded = await session.concurrency.gather([partial(session.send, each) for each in requests], _MAX_CONCURRENT)
    return [
        (bot.model_copy(update={"description": bot.description or found.description}), found.name)
        for bot, found in zip(choice.bots, loaded, strict=True)
    ]


def _bot(client: AsyncCozeClient, bot: Chosen, title: str, user_id: str) -> Tool:
    name = bot.name or tool_name(title, bot.id, kind="bot", prefix="ask_")
    description = shorten(bot.description or f"Asks the Coze bot {title}.")
    return bot_tool(client, bot.model_copy(update={"name": name, "description": description}), title, user_id)


async def _workflows(client: AsyncCozeClient, choice: Choice, questions: Questions) -> list[Tool]:
    if choice.is_whole_workspace:
        infos = await load_workflows(client, workspace_id=choice.workspace_id)
        definitions = [(ToolDefinition.of_info(info), info.workflow_detail.workflow_name) for info in infos]
    else:
        definitions = await _chosen_workflows(client, choice)
    return [workflow_tool(client, each, title, questions, choice.file_roots) for each, title in definitions]


async def _chosen_workflows(client: AsyncCozeClient, choice: Choice) -> list[tuple[ToolDefinition, str]]:
    unknown = [each.id for each in choice.workflows if each.parameters is None]
    infos = {info.workflow_detail.workflow_id: info for info in await load_workflows(client, workflow_ids=unknown)}
    definitions = []
    for each in choice.workflows:
        info = infos.get(each.id)
        loaded = ToolDefinition.of_info(info) if info else await load_definition(client, each.id, each.parameters)
        definition = loaded._replace(name=each.name or loaded.name, description=each.description or loaded.description)
        definitions.append((definition, info.workflow_detail.workflow_name if info else each.name))
    return definitions


async def _plugins(client: AsyncCozeClient, choice: Choice) -> list[Tool]:
    plugins = await load_plugins(client, plugin_ids=[each.id for each in choice.plugins])
    return [
        plugin_tool(client, plugin, tool, tool_name(tool.name, plugin_tool_id(plugin, tool), kind="plugin"))
        for plugin in plugins
        for tool in plugin.tools
    ]


async def _datasets(client: AsyncCozeClient, choice: Choice) -> list[Tool]:
    places = await _list_datasets(client, choice.workspace_id) if choice.datasets else {}
    return [await _dataset(client, each, places) for each in choice.datasets]


async def _list_datasets(client: AsyncCozeClient, workspace_id: str) -> dict[str, Dataset]:
    """The datasets of a workspace, or of all of the account, by id; none if its workspaces cannot be listed."""
    try:
        workspaces = [workspace_id] if workspace_id else [each.id async for each in client.workspaces.list()]
    except (NotFound, PermissionDenied):  # as on coze-studio
        return {}
    return {
        each.dataset_id: each.model_copy(update={"space_id": workspace})
        for workspace in workspaces
        async for each in client.datasets.list(workspace_id=workspace)
    }


async def _dataset(client: AsyncCozeClient, dataset: ChosenDataset, listed: Mapping[str, Dataset]) -> Tool:
    found = listed.get(dataset.id)
    searched = bool(dataset.workflow_id or dataset.bot_id)
    if found is None:
        if listed or not searched:
            raise _no_dataset(dataset.id, len(listed))
        found = Dataset()
    helper = None if searched else await _helper(client, dataset.id, found.space_id)
    about = f"Searches the knowledge base {found.name or dataset.id}"
    named = {
        "name": dataset.name or tool_name(found.name, dataset.id, kind="dataset", prefix="search_"),
        "description": shorten(": ".join(filter(None, (about, dataset.description or found.description)))),
    }
    return search_tool(client, dataset.model_copy(update=named), found.name, helper)


def _no_dataset(dataset_id: str, count: int) -> NotFound:
    return NotFound(
        f"There is no dataset {dataset_id} among the {count} that were listed",
        cure="Check its id and the workspace_id, and that the token may list datasets there",
    )


async def _helper(client: AsyncCozeClient, dataset_id: str, workspace_id: str) -> RecallBot:
    """The bot that ``recall.setup`` made for a dataset; a server makes none, since that changes the workspace."""
    helper = await client.recall.setup(dataset_id, workspace_id, dry_run=True)
    if helper.todo:
        raise ConfigurationError(
            f"Dataset {dataset_id} has no bot that searches it",
            cure="Give the workflow_id or the bot_id that searches it, or make a bot once: "
            f"client.recall.setup({dataset_id!r}, {workspace_id!r})",
        )
    return helper
