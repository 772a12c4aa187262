"""The messages of a workflow's nodes as progress of a call."""

from __future__ import annotations

from collections.abc import Callable

from coze_client.api.workflows.events import WorkflowEvent
from coze_client.mcp_server.tool import CallContext

_END_TITLES = ("", "End")


def report_events(context: CallContext) -> Callable[[WorkflowEvent], None]:
    """A function for ``on_event`` that reports what output nodes and questions say; the end is the result itself."""

    def report(event: WorkflowEvent) -> None:
        if event.message is not None and event.message.node_title not in _END_TITLES:
            context.report(event.message.node_id or event.message.node_title, event.message.content)

    return report
