"""Load many workflows and plugins as LangChain tools at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.tools import BaseTool, BaseToolkit
from pydantic import Field

from coze_client.api.plugins import Plugin, PluginTool
from coze_client.api.workflows.values import WorkflowInfo
from coze_client.bridge.connection import AnyCozeClient, Connection, asyncio_client, blocking_client, take_client
from coze_client.bridge.tools.definitions import DefinitionCache, ToolDefinition, load_plugins, load_workflows
from coze_client.bridge.tools.tool_names import tool_names
from coze_client.core.concurrency import Blocking
from coze_client.errors import ConfigurationError
from langchain_coze.plugin_tool import CozePluginTool
from langchain_coze.workflow_tool import CozeWorkflowTool


def load_coze_tools(
    client: AnyCozeClient | None = None,
    *,
    workflow_ids: Sequence[str] = (),
    workspace_id: str | None = None,
    plugin_ids: Sequence[str] = (),
    name_prefix: str = "",
    cache: DefinitionCache | None = None,
    **options: Any,  # the fields of CozeWorkflowTool
) -> list[BaseTool]:
    """Load tools for workflows (by id, and all published ones of a workspace) and for every tool of the plugins.

    Ten requests run at a time. Workflows in `cache` are not requested; the others are added to it. Tools with equal
    names get their ids as suffix. `options` are fields of CozeWorkflowTool, with ``token``, ``base_url`` and ``region``
    among them instead of a `client`. Raises ConfigurationError if there is nothing to load.
    """
    made, rest = take_client({"client": client, **options})
    return Blocking.run(_load(blocking_client(made), workflow_ids, workspace_id, plugin_ids, name_prefix, cache, rest))


async def aload_coze_tools(
    client: AnyCozeClient | None = None,
    *,
    workflow_ids: Sequence[str] = (),
    workspace_id: str | None = None,
    plugin_ids: Sequence[str] = (),
    name_prefix: str = "",
    cache: DefinitionCache | None = None,
    **options: Any,  # the fields of CozeWorkflowTool
) -> list[BaseTool]:
    """As ``load_coze_tools``, on asyncio."""
    made, rest = take_client({"client": client, **options})
    return await _load(asyncio_client(made), workflow_ids, workspace_id, plugin_ids, name_prefix, cache, rest)


class CozeToolkit(Connection, BaseToolkit):
    """Tools of workflows and plugins, loaded by ``get_tools``; fields as the arguments of ``load_coze_tools``.

    `options` are fields of CozeWorkflowTool, for example ``{"file_roots": ["/data"]}``.
    """

    workflow_ids: tuple[str, ...] = ()
    workspace_id: str | None = None
    plugin_ids: tuple[str, ...] = ()
    name_prefix: str = ""
    cache: dict[str, WorkflowInfo] = Field(default_factory=dict, repr=False)
    options: dict[str, Any] = Field(default_factory=dict)

    def get_tools(self) -> list[BaseTool]:
        """Load the tools; the schemas of workflows are requested only once."""
        return load_coze_tools(**self._arguments())

    async def aget_tools(self) -> list[BaseTool]:
        """Load the tools; the schemas of workflows are requested only once."""
        return await aload_coze_tools(**self._arguments())

    def _arguments(self) -> dict[str, Any]:
        own = type(self).model_fields.keys() - Connection.model_fields.keys() - {"options"}
        return {"client": self._coze, **{name: getattr(self, name) for name in own}, **self.options}


async def _load(
    client: AnyCozeClient,
    workflow_ids: Sequence[str],
    workspace_id: str | None,
    plugin_ids: Sequence[str],
    name_prefix: str,
    cache: DefinitionCache | None,
    options: dict[str, Any],  # the fields of CozeWorkflowTool
) -> list[BaseTool]:
    if not (workflow_ids or workspace_id or plugin_ids):
        raise ConfigurationError("Nothing to load: give workflow_ids, a workspace_id or plugin_ids")
    infos = await load_workflows(client, workflow_ids=workflow_ids, workspace_id=workspace_id, cache=cache)
    plugins = await load_plugins(client, plugin_ids=plugin_ids)
    plugin_tools = [(plugin, tool) for plugin in plugins for tool in plugin.tools]
    titles = {info.workflow_detail.workflow_id: info.workflow_detail.workflow_name for info in infos}
    names = tool_names({**titles, **{_id(*each): each[1].name for each in plugin_tools}}, prefix=name_prefix)
    return [
        *(
            CozeWorkflowTool._from_definition(
                ToolDefinition.of_info(info, names[info.workflow_detail.workflow_id]), client=client, **options
            )
            for info in infos
        ),
        *(CozePluginTool.of_plugin(*each, name=names[_id(*each)], client=client) for each in plugin_tools),
    ]


def _id(plugin: Plugin, tool: PluginTool) -> str:
    return tool.tool_id or f"{plugin.plugin_id}_{tool.name}"
