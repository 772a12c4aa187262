"""Many of Coze's tools at once."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Any

from langchain_core.tools import BaseTool, BaseToolkit
from pydantic import ConfigDict, Field

from coze_client.api.plugins import Plugin, PluginTool
from coze_client.api.workflows.values import WorkflowInfo
from coze_client.bridge.tools.listing import load_plugins, load_workflows
from coze_client.bridge.tools.names import tool_names
from coze_client.bridge.tools.workflow_call import Client, WorkflowFacts, asyncio_client, blocking_client
from coze_client.core.concurrency import Blocking
from coze_client.errors import ConfigurationError
from langchain_coze.plugin_tool import CozePluginTool
from langchain_coze.workflow_tool import CozeWorkflowTool

Cache = MutableMapping[str, WorkflowInfo]
"""By workflow id; WorkflowInfo is a pydantic model, so it can be stored as JSON."""


def load_coze_tools(
    client: Client | None = None,
    *,
    workflow_ids: Sequence[str] = (),
    workspace_id: str | None = None,
    plugin_ids: Sequence[str] = (),
    name_prefix: str = "",
    cache: Cache | None = None,
    **options: Any,  # the fields of CozeWorkflowTool
) -> list[BaseTool]:
    """Tools of workflows (those named, and all published ones of a workspace) and of every tool of some plugins.

    Schemas are fetched ten at a time; what is in `cache` is not asked for, and what was asked for is put there. Tools
    whose names would be equal have their id in the name.
    """
    found = blocking_client(client)
    return Blocking.run(_load(found, workflow_ids, workspace_id, plugin_ids, name_prefix, cache, options))


async def aload_coze_tools(
    client: Client | None = None,
    *,
    workflow_ids: Sequence[str] = (),
    workspace_id: str | None = None,
    plugin_ids: Sequence[str] = (),
    name_prefix: str = "",
    cache: Cache | None = None,
    **options: Any,  # the fields of CozeWorkflowTool
) -> list[BaseTool]:
    """As ``load_coze_tools``, on asyncio."""
    found = asyncio_client(client)
    return await _load(found, workflow_ids, workspace_id, plugin_ids, name_prefix, cache, options)


class CozeToolkit(BaseToolkit):
    """Tools of workflows and plugins, loaded when they are first asked for; arguments as ``load_coze_tools``.

    `options` are the fields of CozeWorkflowTool, as ``{"file_roots": ["/data"]}``.
    """

    client: Client | None = Field(default=None, exclude=True, repr=False)
    workflow_ids: tuple[str, ...] = ()
    workspace_id: str | None = None
    plugin_ids: tuple[str, ...] = ()
    name_prefix: str = ""
    cache: dict[str, WorkflowInfo] = Field(default_factory=dict, repr=False)
    options: dict[str, Any] = Field(default_factory=dict)

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    def get_tools(self) -> list[BaseTool]:
        """The tools; the workflows' schemas are asked for once."""
        return load_coze_tools(**self._arguments())

    async def aget_tools(self) -> list[BaseTool]:
        """The tools; the workflows' schemas are asked for once."""
        return await aload_coze_tools(**self._arguments())

    def _arguments(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in type(self).model_fields if name != "options"}
        return {**own, **self.options}


async def _load(
    client: Client,
    workflow_ids: Sequence[str],
    workspace_id: str | None,
    plugin_ids: Sequence[str],
    name_prefix: str,
    cache: Cache | None,
    options: dict[str, Any],  # the fields of CozeWorkflowTool
) -> list[BaseTool]:
    if not (workflow_ids or workspace_id or plugin_ids):
        raise ConfigurationError("Nothing to load: give workflow_ids, a workspace_id or plugin_ids")
    infos = await load_workflows(client, workflow_ids=workflow_ids, workspace_id=workspace_id, cache=cache)
    plugins = await load_plugins(client, plugin_ids=plugin_ids)
    called = [(plugin, tool) for plugin in plugins for tool in plugin.tools]
    titles = {info.workflow_detail.workflow_id: info.workflow_detail.workflow_name for info in infos}
    names = tool_names({**titles, **{_id(*each): each[1].name for each in called}}, prefix=name_prefix)
    return [
        *(
            CozeWorkflowTool.of_facts(
                WorkflowFacts.of_info(info, names[info.workflow_detail.workflow_id]), client=client, **options
            )
            for info in infos
        ),
        *(CozePluginTool.of_plugin(*each, name=names[_id(*each)], client=client) for each in called),
    ]


def _id(plugin: Plugin, tool: PluginTool) -> str:
    return tool.tool_id or f"{plugin.plugin_id}_{tool.name}"
