"""The outcome of a workflow or plugin as a reply; pure."""

from __future__ import annotations

from coze_client.api.workflows.result import WorkflowResult
from coze_client.bridge.tools.tool_outcome import ToolOutcome, describe_result
from coze_client.mcp_server.media import media_in, without_data
from coze_client.mcp_server.reply import Reply, failure, refusal, text_block


def reply_of(outcome: ToolOutcome) -> Reply:
    """The reply to a call that ended: its result, or its failure as an error."""
    if outcome.result is None:
        return failure(outcome.error) if outcome.error else refusal(outcome.failure)
    result = outcome.result
    return Reply([text_block(without_data(describe_result(result))), *media_in(result.output)], _facts(result))


def _facts(result: WorkflowResult) -> dict[str, object]:
    """The result for programs; empty facts are left out."""
    messages = [{"node": each.node_title, "text": each.content} for each in result.messages]
    facts = {
        "output": result.output,
        "messages": messages,
        "execute_id": result.execute_id,
        "debug_url": result.debug_url,
        "gaps": list(result.gaps),
    }
    usage = result.usage.model_dump(exclude_none=True) if result.usage else {}
    found = {**facts, "usage": usage, "is_trimmed": result.is_trimmed}
    return {name: value for name, value in found.items() if value or name == "output"}
