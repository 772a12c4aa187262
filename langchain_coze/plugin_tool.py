"""A tool of one of Coze's plugins as a LangChain tool."""

from __future__ import annotations

from functools import partial
from typing import Any

from typing_extensions import Self

from coze_client.api.plugins import Plugin, PluginTool
from coze_client.api.workflows.signature import WorkflowSignature
from coze_client.api.workflows.stream import WorkflowResult
from coze_client.bridge.tools.names import tool_name
from coze_client.bridge.tools.outcome import Outcome, describe_result, describe_value, outcome_of
from coze_client.core.concurrency import maybe_await
from langchain_coze.tool import Ask, ContentAndArtifact, CozeTool, Once, ToolInvocation
from langchain_coze.tool_events import EventReporter


class CozePluginTool(CozeTool):
    """A tool of a plugin of Coze's store, called without a bot; needs a paid plan and a paid plugin.

    Content is the result as text or compact JSON, the artifact ``{"result": …}``.
    """

    plugin_id: str
    """The plugin's entity id."""
    tool_name: str
    """The tool's own name in the plugin."""

    @classmethod
    def of_plugin(cls, plugin: Plugin, tool: PluginTool, **given: Any) -> Self:
        """A tool of what ``client.plugins.retrieve`` told; `given` are the fields of this class."""
        told = {
            "plugin_id": plugin.plugin_id,
            "tool_name": tool.name,
            "signature": WorkflowSignature.of(tool.input_schema or {}),
            "name": tool_name(tool.name, tool.tool_id or plugin.plugin_id, kind="plugin"),
            "description": _described(f"{plugin.name} {tool.name}", tool.description or plugin.description),
            "metadata": {"coze_plugin_id": plugin.plugin_id, "coze_tool": tool.name},
        }
        return cls._made(told, given)

    async def _follow(self, call: ToolInvocation, teller: EventReporter, once: Once, ask: Ask) -> Outcome:
        return await once(partial(outcome_of, partial(self._execute, call)))

    async def _execute(self, call: ToolInvocation) -> WorkflowResult:
        arguments = self.signature.check(call.arguments)
        calling = call.client.plugins.call(plugin_id=self.plugin_id, tool_name=self.tool_name, arguments=arguments)
        value = await maybe_await(calling)
        return WorkflowResult(output=value, text=describe_value(value))

    def _tell(self, result: WorkflowResult) -> ContentAndArtifact:
        return describe_result(result), {"result": result.output}


def _described(title: str, description: str) -> str:
    return ": ".join(filter(None, (title, description)))
