"""A workflow as a tool."""

from __future__ import annotations

from collections.abc import Mapping

from coze_client.api.workflows.file_arguments import FileSources
from coze_client.bridge.tools.definitions import ToolDefinition
from coze_client.bridge.tools.workflow_call import WorkflowCall
from coze_client.client import AsyncCozeClient
from coze_client.mcp_server.questions import Questions
from coze_client.mcp_server.reply import Reply
from coze_client.mcp_server.tool import CallContext, Tool
from coze_client.mcp_server.workflow_progress import report_events


def workflow_tool(
    client: AsyncCozeClient, definition: ToolDefinition, title: str, questions: Questions, roots: tuple[str, ...]
) -> Tool:
    """Describe a workflow; `roots`: folders whose files arguments may name."""
    files = FileSources(roots=roots)
    questions.workflow_ids.add(definition.workflow_id)

    async def call(arguments: Mapping[str, object], context: CallContext) -> Reply:
        started = WorkflowCall(client, definition, arguments, files, {}, report_events(context))
        return await questions.settle(await started.start(), context)

    return Tool(
        definition.workflow_id, definition.name, title, definition.description, definition.signature.schema, call
    )
