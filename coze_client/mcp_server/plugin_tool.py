"""A tool of a plugin of Coze's store as a tool."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from coze_client.api.plugins import Plugin, PluginTool
from coze_client.api.workflows.result import WorkflowResult
from coze_client.api.workflows.signature import WorkflowSignature
from coze_client.bridge.tools.tool_outcome import capture_outcome, describe_value
from coze_client.client import AsyncCozeClient
from coze_client.mcp_server.outcome_reply import reply_of
from coze_client.mcp_server.reply import Reply
from coze_client.mcp_server.tool import CallContext, Tool


def plugin_tool(client: AsyncCozeClient, plugin: Plugin, tool: PluginTool, name: str) -> Tool:
    """Describe one tool of a plugin; calling it needs a paid plan and a paid plugin."""
    signature = WorkflowSignature.of(tool.input_schema or {})

    async def execute(arguments: Mapping[str, object]) -> WorkflowResult:
        checked = signature.check(arguments)
        value = await client.plugins.call(plugin_id=plugin.plugin_id, tool_name=tool.name, arguments=checked)
        return WorkflowResult(output=value, text=describe_value(value))

    async def call(arguments: Mapping[str, object], context: CallContext) -> Reply:
        return reply_of(await capture_outcome(partial(execute, arguments)))

    title = f"{plugin.name} {tool.name}"
    description = ": ".join(filter(None, (title, tool.description or plugin.description)))
    return Tool(plugin_tool_id(plugin, tool), name, title, description, signature.schema, call)


def plugin_tool_id(plugin: Plugin, tool: PluginTool) -> str:
    """What tells this tool from all others of all plugins."""
    return tool.tool_id or f"{plugin.plugin_id}_{tool.name}"
