"""CozePluginTool: a tool of a Coze plugin as a LangChain tool."""

from __future__ import annotations

from functools import partial
from typing import Any

from typing_extensions import Self

from coze_client.api.plugins import Plugin, PluginTool
from coze_client.api.workflows.result import WorkflowResult
from coze_client.api.workflows.signature import WorkflowSignature
from coze_client.bridge.tools.tool_names import tool_name
from coze_client.bridge.tools.tool_outcome import ToolOutcome, capture_outcome, describe_result, describe_value
from coze_client.bridge.tools.workflow_call import AskHuman, RunStep
from coze_client.core.concurrency import maybe_await
from langchain_coze.coze_tool import ContentAndArtifact, CozeTool, ToolInvocation
from langchain_coze.event_reporter import EventReporter


class CozePluginTool(CozeTool):
    """A tool of a plugin of Coze's store, called without a bot; needs a paid plan and a paid plugin.

    The content is the result as text or compact JSON, the artifact is ``{"result": …}``.
    """

    plugin_id: str
    """The entity id of the plugin."""
    tool_name: str
    """The name of the tool in the plugin."""

    @classmethod
    def of_plugin(cls, plugin: Plugin, tool: PluginTool, **given: Any) -> Self:
        """Make a tool from the value of ``client.plugins.retrieve``; `given` are fields of this class."""
        defaults = {
            "plugin_id": plugin.plugin_id,
            "tool_name": tool.name,
            "signature": WorkflowSignature.of(tool.input_schema or {}),
            "name": tool_name(tool.name, tool.tool_id or plugin.plugin_id, kind="plugin"),
            "description": _describe(f"{plugin.name} {tool.name}", tool.description or plugin.description),
            "metadata": {"coze_plugin_id": plugin.plugin_id, "coze_tool": tool.name},
        }
        return cls._from_fields(defaults, given)

    async def _call(
        self, call: ToolInvocation, reporter: EventReporter, run_step: RunStep, ask_human: AskHuman
    ) -> ToolOutcome:
        return await run_step(partial(capture_outcome, partial(self._execute, call)))

    async def _execute(self, call: ToolInvocation) -> WorkflowResult:
        arguments = self.signature.check(call.arguments)
        result = call.client.plugins.call(plugin_id=self.plugin_id, tool_name=self.tool_name, arguments=arguments)
        value = await maybe_await(result)
        return WorkflowResult(output=value, text=describe_value(value))

    def _convert_result(self, result: WorkflowResult) -> ContentAndArtifact:
        return describe_result(result), {"result": result.output}


def _describe(title: str, description: str) -> str:
    return ": ".join(filter(None, (title, description)))
